/**
 * What a field in Salesforce may bring about in Clerk: an Account that meets a condition gets an organization (provision), a Contact that
 * does is invited to its Account's organization (invite). Here is how users write that down, with the defaults, and what is worked with.
 *
 * Access is not a CRM field, so each has guards: so many in an hour, and a person's approval where that is asked for. Whether the fields
 * exist is the org's to say (`checkMapping`); where they do not, the feature is off. Fights are about fields: how often two automations may
 * turn a value back and forth before a person is asked.
 */
import type { Fields, Value } from '../../model/model.ts'
import type { MappedEntity } from './known-fields.ts'
import { canonical, type FieldKind, sameValue } from './value.ts'

/** A checkbox field, or a field and the value that it must have. */
export type When = string | { field: string; equals: string | number | boolean }

export type ProvisionConfig = {
  /** Which Accounts get an organization. @default 'Provision_Clerk_Org__c', a checkbox */
  when?: When
  /** Nothing is made before an operator approves. @default false */
  approval?: boolean
  /** Most organizations that are made in any hour; the others wait. @default 50 */
  perHour?: number
  /** The Account field that becomes the slug, or a function of the Account. @default none: new Clerk instances have slugs switched off */
  slug?: string | ((account: AccountSource) => string | null | undefined)
  /** 0 is unlimited. @default Clerk's own default */
  maxAllowedMemberships?: number
}

/** An Account as a mapping function sees it: `Name`, and every field that the mapping names. */
export type AccountSource = Fields

export type InviteConfig = {
  /** Which Contacts are invited. @default 'Invite_To_Clerk__c', a checkbox */
  when?: When
  /** Key of the role in the organization. @default 'org:member' */
  role?: string
  /** Nobody is invited before an operator approves. @default false */
  approval?: boolean
  /** Most invitations in any hour; the others wait. @default 50 */
  perHour?: number
  /** Where the link in the invitation leads. @default Clerk's own page */
  redirectUrl?: string
  /** @default 30, which is Clerk's */
  expiresInDays?: number
}

export type FightsConfig = {
  /** A field that is turned back this often is parked. @default 5 */
  reversals?: number
  /** Within this time. @default 60 */
  withinMinutes?: number
}

/** The record's field must hold this value. */
export type Condition = { field: string; equals: Value; kind: FieldKind }

export type ProvisionRule = {
  when: Condition
  approval: boolean
  perHour: number
  slug: ProvisionConfig['slug'] | undefined
  maxAllowedMemberships: number | undefined
}

export type InviteRule = {
  when: Condition
  role: string
  approval: boolean
  perHour: number
  redirectUrl: string | undefined
  expiresInDays: number | undefined
}

export type FightsRule = { reversals: number; withinMinutes: number }

/** What becomes of an invitation is written to these fields of the Contact. */
export const invitationFields = { id: 'Clerk_Invitation_Id__c', status: 'Clerk_Invitation_Status__c' } as const

/** The states of an invitation, as the picklist has them. */
export const invitationStates: readonly string[] = ['pending', 'accepted', 'revoked', 'expired', 'failed']

/** Kind of a field from `describe`; undefined where Salesforce has not been asked. */
type KindOf = (field: string) => FieldKind | undefined

const assumedKind = (equals: string | number | boolean): FieldKind =>
  typeof equals === 'boolean' ? 'boolean' : typeof equals === 'number' ? 'number' : 'text'

const conditionOf = (when: When, kindOf: KindOf): Condition => {
  const { field, equals } = typeof when === 'string' ? { field: when, equals: true } : when
  const kind = kindOf(field) ?? assumedKind(equals)
  return { field, equals: canonical(equals, kind), kind }
}

/** Whether a record in canonical form meets a condition. A value that is empty meets none. */
export const meets = ({ field, equals, kind }: Condition, fields: Fields): boolean =>
  equals !== null && sameValue(fields[field] ?? null, equals, kind)

/** Undefined where provisioning is switched off. */
export const compileProvision = (
  config: ProvisionConfig | false | undefined,
  kindOf: KindOf,
): ProvisionRule | undefined => {
  if (config === false) return undefined
  const { when = 'Provision_Clerk_Org__c', approval = false, perHour = 50, slug, maxAllowedMemberships } = config ?? {}
  return { when: conditionOf(when, kindOf), approval, perHour, slug, maxAllowedMemberships }
}

/** Undefined where inviting is switched off. */
export const compileInvite = (config: InviteConfig | false | undefined, kindOf: KindOf): InviteRule | undefined => {
  if (config === false) return undefined
  const { when = 'Invite_To_Clerk__c', role = 'org:member', approval = false, perHour = 50 } = config ?? {}
  const { redirectUrl, expiresInDays } = config ?? {}
  return { when: conditionOf(when, kindOf), role, approval, perHour, redirectUrl, expiresInDays }
}

export const compileFights = ({ reversals = 5, withinMinutes = 60 }: FightsConfig = {}): FightsRule => ({
  reversals,
  withinMinutes,
})

/** What these features read of an Account and a Contact: its fields, and of what kind they are. */
export const grantFields = (
  entity: MappedEntity,
  { provision, invite }: { provision: ProvisionRule | undefined; invite: InviteRule | undefined },
): Map<string, FieldKind> => {
  const kinds = new Map<string, FieldKind>()
  if (entity === 'organization' && provision) {
    kinds.set('Name', 'text').set(provision.when.field, provision.when.kind)
    if (typeof provision.slug === 'string') kinds.set(provision.slug, 'text')
  }
  if (entity === 'person' && invite) {
    kinds.set('Email', 'email').set(invite.when.field, invite.when.kind)
    for (const field of Object.values(invitationFields)) kinds.set(field, 'text')
  }
  return kinds
}
