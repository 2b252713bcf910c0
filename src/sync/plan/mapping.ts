/**
 * The mapping as users write it (`clerkforce.config.ts`), its defaults, and what `plan` works with (`Rules`).
 */
import { type Body, type Entity, type Fields, type Json, readPath, type Value } from '../../model/model.ts'
import {
  compileFights,
  compileInvite,
  compileProvision,
  type FightsConfig,
  type FightsRule,
  type InviteConfig,
  type InviteRule,
  invitationFields,
  type ProvisionConfig,
  type ProvisionRule,
} from './grants.ts'
import { type MappedEntity, writableFault } from './known-fields.ts'
import type { Rule } from './merge.ts'
import { canonical, type FieldKind, kindOfType } from './value.ts'

/** A Clerk user as a mapping function sees it: Clerk's own names; anything else Clerk sends is there too. */
export type UserSource = Body & {
  readonly id: string
  readonly first_name: string | null
  readonly last_name: string | null
  readonly username: string | null
  readonly external_id: string | null
  readonly public_metadata: { readonly [key: string]: Json }
  readonly private_metadata: { readonly [key: string]: Json } | null
  readonly unsafe_metadata: { readonly [key: string]: Json }
}
export type OrganizationSource = Body & {
  readonly id: string
  readonly name: string
  readonly slug: string | null
  readonly public_metadata: { readonly [key: string]: Json }
}
export type MembershipSource = Body & { readonly id: string; readonly role: string; readonly role_name?: string }

export type FieldMapping<Source> = {
  /** A path in Clerk's record (`public_metadata.title`) or a function of it; null or undefined mean empty. */
  from: string | ((source: Source) => Json | undefined)
  /**
   * The path in Clerk's record that gets Salesforce's value, where the rule lets it. What is written there is what `from` must read.
   * @default `from`, where it is a path that Clerk lets us write
   */
  to?: string
  /** Who decides. @default 'clerk' */
  rule?: Rule
  /** Cut a text that is longer than the Salesforce field, instead of parking the record. @default false */
  cut?: boolean
}

/** Salesforce field name to mapping; a string is a path with all defaults; `false` removes a default mapping. */
export type FieldMappings<Source> = { readonly [field: string]: string | FieldMapping<Source> | false }

export type MembershipEnded = 'deactivate' | 'unlink' | 'keep'
export type UserDeleted = 'deactivate' | 'anonymise' | 'delete' | 'keep'
export type OrganizationDeleted = 'deactivate' | 'keep'
export type UserErased = 'anonymise' | 'delete' | 'keep'

export type OrganizationMatch = {
  /** The Account field to compare, such as `Website`. */
  field: string
  from: string | ((source: OrganizationSource) => Json | undefined)
  /** `domain`: compare host names without `www.`; `text`: without regard to case. @default 'text' */
  as?: 'domain' | 'text'
}

/** What `clerkforce.config.ts` exports. Everything has a default: an empty object works. */
export type MappingConfig = {
  person?: {
    fields?: FieldMappings<UserSource>
    /** Adopt the one Contact with the same e-mail address and no Clerk id. @default true */
    adopt?: boolean
    /** `blank`: a Contact that a person put on another Account stays there. `always`: Clerk decides. @default 'blank' */
    primaryAccount?: 'blank' | 'always'
  }
  organization?: {
    fields?: FieldMappings<OrganizationSource>
    /** Adopt the one Account without Clerk id that matches. @default none: only by Clerk id */
    match?: OrganizationMatch
  }
  membership?: { fields?: FieldMappings<MembershipSource> }
  policies?: {
    /** @default 'deactivate' */
    membershipEnded?: MembershipEnded
    /** @default 'deactivate' */
    userDeleted?: UserDeleted
    /** @default 'deactivate' */
    organizationDeleted?: OrganizationDeleted
    /** What `clerkforce erase` does in Salesforce. @default 'anonymise' */
    userErased?: UserErased
  }
  /** Organizations for Accounts. `false`: never. */
  provision?: false | ProvisionConfig
  /** Invitations for Contacts. `false`: never. */
  invite?: false | InviteConfig
  /** When a field that is turned back and forth counts as a fight. */
  fights?: FightsConfig
}

/** Types a mapping; what it is given is what it returns. */
export const defineConfig = (config: MappingConfig): MappingConfig => config

export type FieldRule = {
  field: string
  rule: Rule
  /** The path in Clerk's record that gets Salesforce's value; undefined where Clerk is never written. */
  to: string | undefined
  kind: FieldKind
  /** Undefined where Salesforce's length is not known (yet). */
  length: number | undefined
  cut: boolean
  read: (source: Body) => { value: Json | undefined; fallback: boolean }
}

export type Rules = {
  person: { fields: readonly FieldRule[]; adopt: boolean; primaryAccount: 'blank' | 'always' }
  organization: { fields: readonly FieldRule[]; match: OrganizationMatch | undefined }
  membership: { fields: readonly FieldRule[] }
  membershipEnded: MembershipEnded
  userDeleted: UserDeleted
  organizationDeleted: OrganizationDeleted
  userErased: UserErased
  /** Undefined: switched off. */
  provision: ProvisionRule | undefined
  /** Undefined: switched off. */
  invite: InviteRule | undefined
  fights: FightsRule
  /** Whether the org has Contacts to Multiple Accounts, that is AccountContactRelation. */
  relations: boolean
}

export const objectOf: Readonly<Record<Entity, string>> = {
  person: 'Contact',
  organization: 'Account',
  membership: 'AccountContactRelation',
  // What was invited: the invitation itself has no record of its own in Salesforce.
  invitation: 'Contact',
}

/** Our key on each object. */
export const keyOf: Readonly<Record<Entity, string>> = {
  person: 'Clerk_User_Id__c',
  organization: 'Clerk_Org_Id__c',
  membership: 'Clerk_Membership_Id__c',
  invitation: invitationFields.id,
}

const idShapes = { person: /^user_\w+$/, organization: /^org_\w+$/ }

/**
 * The id of somebody else that a record carries in our key. Anything that is no Clerk id at all is a slip and nobody's: it is written over.
 */
export const anotherIn = (entity: 'person' | 'organization', held: Fields, own: string): string | undefined => {
  const key = held[keyOf[entity]]
  return typeof key === 'string' && key !== own && idShapes[entity].test(key) ? key : undefined
}

/** Fields that plan decides by itself; a mapping may not name them. */
export const ownFields: Readonly<Record<MappedEntity, readonly string[]>> = {
  person: ['Id', 'Clerk_User_Id__c', 'Clerk_Status__c', 'AccountId', ...Object.values(invitationFields)],
  organization: ['Id', 'Clerk_Org_Id__c', 'Clerk_Status__c'],
  membership: [
    'Id',
    'Clerk_Membership_Id__c',
    'AccountId',
    'ContactId',
    'IsDirect',
    'IsActive',
    'StartDate',
    'EndDate',
  ],
}

/** Field type and length by object and field, from `describe`. */
export type Shape = { readonly [object: string]: ReadonlyMap<string, { type: string; length: number }> }

type Reader = (body: Body) => { value: Json | undefined; fallback: boolean }

const sure =
  (read: (body: Body) => Json | undefined): Reader =>
  (body) => ({ value: read(body), fallback: false })

const primary = (body: Body, list: string, idField: string, field: string): Json | undefined => {
  const items = body[list]
  if (!Array.isArray(items)) return undefined
  const wanted = body[idField]
  const item = (items as readonly Body[]).find((one) => one['id'] === wanted)
  return item?.[field]
}

/** The primary e-mail address of a user; undefined where there is none. */
export const primaryEmail = (user: Body): string | undefined => {
  const email = primary(user, 'email_addresses', 'primary_email_address_id', 'email_address')
  return typeof email === 'string' && email.trim() !== '' ? email : undefined
}
const primaryPhone = (user: Body): Json | undefined =>
  primary(user, 'phone_numbers', 'primary_phone_number_id', 'phone_number')

const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined

/**
 * A Contact needs a last name, a Clerk user does not. In this order: last name; first name (then FirstName stays empty);
 * user name; the e-mail address before the @; phone number; "Unknown". All but the first are fallbacks: they fill a blank only.
 */
const lastName: Reader = (user) => {
  const last = textOf(user['last_name'])
  if (last) return { value: last, fallback: false }
  const stand =
    textOf(user['first_name']) ??
    textOf(user['username']) ??
    primaryEmail(user)?.split('@')[0] ??
    textOf(primaryPhone(user)) ??
    'Unknown'
  return { value: stand, fallback: true }
}
const firstName: Reader = (user) => ({
  value: textOf(user['last_name']) ? user['first_name'] : null,
  fallback: false,
})

type Default = { field: string; kind: FieldKind; length?: number; cut: boolean; read: Reader }

const defaults: Readonly<Record<MappedEntity, readonly Default[]>> = {
  person: [
    { field: 'FirstName', kind: 'text', length: 40, cut: true, read: firstName },
    { field: 'LastName', kind: 'text', length: 80, cut: true, read: lastName },
    { field: 'Email', kind: 'email', length: 80, cut: false, read: sure(primaryEmail) },
    { field: 'Phone', kind: 'text', length: 40, cut: false, read: sure(primaryPhone) },
    { field: 'Clerk_Last_Sign_In__c', kind: 'datetime', cut: false, read: sure((user) => user['last_sign_in_at']) },
  ],
  organization: [
    { field: 'Name', kind: 'text', length: 255, cut: true, read: sure((organization) => organization['name']) },
    {
      field: 'Clerk_Org_Slug__c',
      kind: 'text',
      length: 255,
      cut: true,
      read: sure((organization) => organization['slug']),
    },
  ],
  membership: [
    { field: 'Clerk_Role__c', kind: 'text', length: 255, cut: true, read: sure((membership) => membership['role']) },
  ],
}

const customReader = (from: FieldMapping<never>['from']): Reader =>
  typeof from === 'string'
    ? sure((body) => readPath(body, from))
    : sure((body) => (from as unknown as (source: Body) => Json | undefined)(body))

/** Where Salesforce's value goes in Clerk; undefined where it goes nowhere. */
export const targetOf = (
  entity: MappedEntity,
  { from, to, rule = 'clerk' }: FieldMapping<never>,
): string | undefined => {
  if (rule === 'clerk') return undefined
  if (to !== undefined) return to
  return typeof from === 'string' && writableFault(entity, from) === undefined ? from : undefined
}

const fieldRules = (entity: MappedEntity, custom: FieldMappings<never> = {}, shape: Shape): FieldRule[] => {
  const described = shape[objectOf[entity]]
  const known = (field: string, kind: FieldKind, length: number | undefined) => {
    const found = described?.get(field)
    return found ? { kind: kindOfType(found.type), length: found.length || undefined } : { kind, length }
  }
  const own: FieldRule[] = defaults[entity]
    .filter(({ field }) => !(field in custom))
    .map((one) => ({
      field: one.field,
      rule: 'clerk',
      to: undefined,
      cut: one.cut,
      read: one.read,
      ...known(one.field, one.kind, one.length),
    }))
  const added: FieldRule[] = Object.entries(custom).flatMap(([field, mapping]) => {
    if (mapping === false) return []
    const written: FieldMapping<never> = typeof mapping === 'string' ? { from: mapping } : mapping
    const { from, rule = 'clerk', cut = false } = written
    const to = targetOf(entity, written)
    return [{ field, rule, to, cut, read: customReader(from), ...known(field, 'text', undefined) }]
  })
  return [...own, ...added]
}

const kindIn =
  (shape: Shape, entity: MappedEntity) =>
  (field: string): FieldKind | undefined => {
    const found = shape[objectOf[entity]]?.get(field)
    return found && kindOfType(found.type)
  }

/**
 * Defaults, the user's mapping and what `describe` says, made into rules.
 * @param shape empty before Salesforce has been asked: kinds of custom fields are then taken as text.
 * @param relations whether the org has AccountContactRelation.
 */
export const compileRules = (config: MappingConfig = {}, shape: Shape = {}, relations = true): Rules => ({
  person: {
    fields: fieldRules('person', config.person?.fields as FieldMappings<never> | undefined, shape),
    adopt: config.person?.adopt ?? true,
    primaryAccount: config.person?.primaryAccount ?? 'blank',
  },
  organization: {
    fields: fieldRules('organization', config.organization?.fields as FieldMappings<never> | undefined, shape),
    match: config.organization?.match,
  },
  membership: {
    fields: fieldRules('membership', config.membership?.fields as FieldMappings<never> | undefined, shape),
  },
  membershipEnded: config.policies?.membershipEnded ?? 'deactivate',
  userDeleted: config.policies?.userDeleted ?? 'deactivate',
  organizationDeleted: config.policies?.organizationDeleted ?? 'deactivate',
  userErased: config.policies?.userErased ?? 'anonymise',
  provision: compileProvision(config.provision, kindIn(shape, 'organization')),
  invite: compileInvite(config.invite, kindIn(shape, 'person')),
  fights: compileFights(config.fights),
  relations,
})

/** A mapping function of the user's threw: the fault of the mapping, and of this record alone. */
export class MappingError extends Error {
  override readonly name: string = 'MappingError'
}

/** Calls what the user wrote. @throws MappingError that names the field, with what was thrown */
const ask = <T>(field: string, read: () => T): T => {
  try {
    return read()
  } catch (error) {
    const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new MappingError(
      `the mapping function of ${field} threw (${words}): let it return undefined for what it cannot use, then retry`,
    )
  }
}

/** The text by which an organization is matched to Accounts, as configured; empty where it has none. @throws MappingError */
export const readMatch = (match: OrganizationMatch, body: Body): string => {
  const { from } = match
  const value =
    typeof from === 'string' ? readPath(body, from) : ask(`organization.match`, () => from(body as OrganizationSource))
  return typeof value === 'string' ? normaliseMatch(match, value) : ''
}

/** `https://www.Acme.com/x` and `acme.com` are the same domain; other texts are compared without regard to case. */
export const normaliseMatch = ({ as }: OrganizationMatch, value: string): string => {
  const text = value.trim().toLowerCase()
  if (as !== 'domain') return text
  return (text.replace(/^[a-z]+:\/\//, '').split(/[/?#:]/)[0] ?? '').replace(/^www\./, '')
}

/** The value of one rule for one record, in canonical form; a text that may be cut is cut to the field's length. @throws MappingError */
export const readField = (rule: FieldRule, source: Body): { value: Value; fallback: boolean } => {
  const { value, fallback } = ask(rule.field, () => rule.read(source))
  const clean = ask(rule.field, () => canonical(value, rule.kind))
  if (rule.cut && rule.length !== undefined && typeof clean === 'string' && clean.length > rule.length)
    return { value: clean.slice(0, rule.length).trim(), fallback }
  return { value: clean, fallback }
}
