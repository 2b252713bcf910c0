/**
 * Our words as types. A *side* holds *records* of an *entity*; a *link* pairs a Clerk record with a Salesforce record and keeps the
 * *base*, what the two last agreed on. Nothing here does anything, and nothing here knows a vendor's wire format.
 */

export type Side = 'clerk' | 'salesforce'
export type Entity = 'person' | 'organization' | 'membership' | 'invitation'

/** Parents before children. */
export const rankOf: Readonly<Record<Entity, number>> = { organization: 0, person: 1, membership: 2, invitation: 3 }
export const entities: readonly Entity[] = ['organization', 'person', 'membership', 'invitation']

/** A field's value in canonical form: text trimmed and never empty, times as ISO with whole seconds, dates as YYYY-MM-DD. */
export type Value = string | number | boolean | null
export type Fields = { readonly [field: string]: Value }

/** JSON as a side sent it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type Body = { readonly [key: string]: Json }

/** One sight of one record: what `observe` takes. */
export type Observation = {
  side: Side
  entity: Entity
  id: string
  body: Body
  /** The side's own version in ms; 0 for a stub that another record's payload carried. */
  version: number
  /** The side's own time of the event in ms, which decides between equal versions; 0 when it came with something else. */
  seen: number
  /** Set when the side says that the record is gone, and when. */
  deletedAt?: number
  personId?: string
  organizationId?: string
}

/** A record as the mirror keeps it. */
export type MirrorRecord = {
  id: string
  body: Body
  version: number
  deletedAt: number | null
}

/** The one user of a person, as the plan sees it. */
export type ClerkPerson = MirrorRecord
export type ClerkOrganization = MirrorRecord
export type ClerkMembership = MirrorRecord & { personId: string; organizationId: string }

/**
 * What Salesforce holds, as far as we have looked. `unseen`: never looked; `absent`: looked, not there, and never was (or its recycle bin
 * shows it); `hidden`: it was there, and now no query shows it: queries lag behind writes by seconds, so that proves nothing yet.
 */
export type SalesforceState =
  | { state: 'unseen' }
  | { state: 'absent'; id?: string }
  | { state: 'hidden'; id: string }
  | { state: 'present'; id: string; fields: Fields; version: number }

/** Reads one field of a record body by path, such as `public_metadata.title`; undefined where a part is missing. */
export const readPath = (body: Body, path: string): Json | undefined => {
  let value: Json | undefined = body
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    value = (value as { readonly [key: string]: Json })[part]
  }
  return value
}
