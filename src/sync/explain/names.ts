/** What records are called. */
import type { Entity, Side } from '../../model/model.ts'
import type { KnownRecord } from '../mirror/explain.ts'
import { objectOf, primaryEmail } from '../plan/mapping.ts'
import type { SideRecord } from './explanation.ts'
import { textAt } from './fields.ts'

const inClerk: Readonly<Record<Entity, string>> = {
  person: 'user',
  organization: 'organization',
  membership: 'membership',
  invitation: 'invitation',
}

/** What a side calls an entity. */
export const objectName = (side: Side, entity: Entity): string =>
  side === 'clerk' ? inClerk[entity] : objectOf[entity]

const prefixes: readonly (readonly [RegExp, Entity])[] = [
  [/^user_/, 'person'],
  [/^orgmem_/, 'membership'],
  [/^orginv_/, 'invitation'],
  [/^org_/, 'organization'],
  [/^003/, 'person'],
  [/^001/, 'organization'],
  [/^07k/i, 'membership'],
]

/** What kind of record an id is of, by its first characters; undefined for any other text. */
export const entityOfId = (id: string): Entity | undefined => prefixes.find(([shape]) => shape.test(id))?.[1]

const joined = (...parts: (string | undefined)[]): string | undefined => {
  const text = parts.filter((part) => part !== undefined).join(' ')
  return text === '' ? undefined : text
}

/** What people call a record. */
export const nameOf = ({ side, entity, body }: KnownRecord): string | undefined => {
  if (side === 'salesforce')
    return (
      joined(textAt(body, 'FirstName'), textAt(body, 'LastName')) ??
      textAt(body, 'Name') ??
      textAt(body, 'Email') ??
      undefined
    )
  if (entity === 'person') return joined(textAt(body, 'first_name'), textAt(body, 'last_name')) ?? primaryEmail(body)
  return textAt(body, 'name') ?? textAt(body, 'role') ?? textAt(body, 'email_address')
}

/** A record for an explanation; null where there is not even an id. */
export const sideRecord = (
  side: Side,
  entity: Entity,
  id: string | null,
  record: KnownRecord | undefined,
): SideRecord | null =>
  id === null
    ? null
    : {
        id,
        object: objectName(side, entity),
        name: record && nameOf(record),
        changedAt: record?.version ?? 0,
        deletedAt: record?.deletedAt ?? null,
      }
