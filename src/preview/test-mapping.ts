/**
 * Preview: what would be written, given these records? With the very planner that writes (sync/plan/), and without network or database.
 *
 *   user, memberships, Contact(s), base  ->  person        organization, Account(s), base  ->  organization
 *   membership, Contact, Account, relation, base  ->  membership
 *
 * - Records are taken as the vendors give them: Clerk's as its API or a webhook shows them, Salesforce's as REST does. What a mapping does not
 *   need may be left out.
 * - A Contact is met as it would be met there: by our key, or because the two are linked (`linked`, or a `base`), or adopted because it has
 *   the same e-mail address and no Clerk id. Else it is not found, and the answer says why.
 * - Types and lengths of fields are the org's: without a `shape` a field of the customer's counts as text of any length.
 * - What only Salesforce can say (validation rules, duplicate rules, triggers) is not known here.
 */
import { checkMappingShape } from '../load-mapping.ts'
import type { Fields, SalesforceState, Value } from '../model/model.ts'
import type { MappedEntity } from '../sync/plan/known-fields.ts'
import {
  compileRules,
  keyOf,
  type MappingConfig,
  normaliseMatch,
  objectOf,
  primaryEmail,
  type Rules,
  readMatch,
} from '../sync/plan/mapping.ts'
import { planMembership } from '../sync/plan/membership.ts'
import type { MembershipView } from '../sync/plan/membership-time.ts'
import { planOrganization } from '../sync/plan/organization.ts'
import { planPerson } from '../sync/plan/person.ts'
import type { Kind, Plan } from '../sync/plan/plan.ts'
import { normaliseEmail } from '../sync/plan/value.ts'
import {
  type HeldRecord,
  readBase,
  readClerkRecord,
  readMembership,
  readSalesforceRecord,
  readShape,
  type ShapeInput,
} from './inputs.ts'

/** JSON as a vendor sends it, or a part of it. */
export type GivenRecord = { readonly [key: string]: unknown }

/** What would happen to one record. */
export type Preview = {
  /**
   * `create`, `adopt`, `update`, `end` or `delete`: Salesforce is written; `carry`: Clerk alone; `none`: nothing is; `park`: a person has
   * to decide; `wait`: for another record first.
   */
  do: Kind | 'carry' | 'none' | 'park' | 'wait'
  reason: string
  /** Why it would be parked, such as `CONFLICT`. */
  code?: string
  /** What Salesforce gets, by field. */
  salesforce: Fields
  /** What Clerk gets, by path. */
  clerk: { readonly [path: string]: Value }
  /** What the field or path held before. */
  before: { readonly [field: string]: Value }
  /** Why, by field of Salesforce or path of Clerk. */
  why: { readonly [field: string]: string }
  /** What the two sides would agree on then: the `base` of the next question. */
  base?: Fields
  /** What the answer rests on, and what would go wrong in Salesforce. */
  notes: readonly string[]
}

export type PersonQuestion = {
  user: GivenRecord
  /** The Contact, or several to choose from. */
  contact?: GivenRecord | readonly GivenRecord[] | undefined
  /** Whether user and Contact are linked already. @default whether there is a `base` */
  linked?: boolean | undefined
  /** The user's memberships, as Clerk shows them. */
  memberships?: readonly GivenRecord[] | undefined
  /** The Account of each organization, by Clerk's id. @default made up */
  accounts?: { readonly [organizationId: string]: string } | undefined
  /** What the two last agreed on, by field. @default they never did */
  base?: Fields | undefined
}

export type OrganizationQuestion = {
  organization: GivenRecord
  account?: GivenRecord | readonly GivenRecord[] | undefined
  linked?: boolean | undefined
  base?: Fields | undefined
}

export type MembershipQuestion = {
  membership: GivenRecord
  /** The relation of the Contact to the Account, where there is one. */
  relation?: GivenRecord | undefined
  contact?: GivenRecord | undefined
  account?: GivenRecord | undefined
  base?: Fields | undefined
}

export type TestMappingOptions = {
  /** Types and lengths of fields, as `sf sobject describe --json` has them or by hand. */
  shape?: ShapeInput | undefined
  /** Whether the org has Contacts to Multiple Accounts. @default true */
  relations?: boolean | undefined
}

export type TestedMapping = {
  person: (question: PersonQuestion) => Preview
  organization: (question: OrganizationQuestion) => Preview
  membership: (question: MembershipQuestion) => Preview
}

const bare = { salesforce: {}, clerk: {}, before: {}, why: {} }

const tooLong = (entity: MappedEntity, rules: Rules, fields: Fields): string[] =>
  rules[entity].fields.flatMap(({ field, length }) => {
    const value = fields[field]
    return typeof value === 'string' && length !== undefined && value.length > length
      ? [
          `${objectOf[entity]}.${field} takes ${length} characters and gets ${value.length}: Salesforce would refuse the record, and it would be parked`,
        ]
      : []
  })

const previewOf = (plan: Plan, entity: MappedEntity, rules: Rules, notes: readonly string[]): Preview => {
  switch (plan.do) {
    case 'park':
      return { ...bare, do: 'park', code: plan.code, reason: plan.reason, notes }
    case 'wait':
    case 'later':
    case 'look':
      return { ...bare, do: 'wait', reason: plan.reason, notes }
    case 'none':
    case 'change': {
      const change = plan.do === 'change' ? plan.change : undefined
      const carried = Object.values(plan.carry?.fields ?? {})
      const { fields = {}, before = {}, why = {} } = change ?? {}
      const at = (one: 'value' | 'before' | 'why') => Object.fromEntries(carried.map((each) => [each.to, each[one]]))
      return {
        do: change?.kind ?? (carried.length > 0 ? 'carry' : 'none'),
        reason: plan.do === 'change' ? plan.change.reason : plan.reason,
        salesforce: fields,
        clerk: at('value') as { [path: string]: Value },
        before: { ...(change?.kind === 'delete' ? {} : before), ...(at('before') as Fields) },
        why: { ...why, ...(at('why') as { [path: string]: string }) },
        ...(plan.base && { base: plan.base }),
        notes: [...notes, ...tooLong(entity, rules, fields)],
      }
    }
  }
}

const listOf = <T>(given: T | readonly T[] | undefined): readonly T[] =>
  given === undefined ? [] : Array.isArray(given) ? (given as readonly T[]) : [given as T]

type Met = { salesforce: SalesforceState; candidates: readonly HeldRecord[]; notes: string[] }

/** How the records would be met in Salesforce: by our key, as linked, as something to adopt, or not at all. */
const meet = (
  entity: 'person' | 'organization',
  id: string,
  given: readonly HeldRecord[],
  linked: boolean,
  match: (held: HeldRecord) => string | undefined,
): Met => {
  const key = keyOf[entity]
  const own = given.find(({ fields }) => fields[key] === id) ?? (linked ? given[0] : undefined)
  if (own)
    return {
      salesforce: { state: 'present', id: own.id, fields: own.fields, version: own.version },
      candidates: [],
      notes: [],
    }
  const object = objectOf[entity]
  const notes: string[] = []
  const candidates = given.filter((held) => {
    const other = held.fields[key]
    const fault = typeof other === 'string' ? `it carries another Clerk id (${other})` : match(held)
    if (fault !== undefined) notes.push(`${object} ${held.id} would not be found: ${fault}`)
    return fault === undefined
  })
  return { salesforce: { state: 'absent' }, candidates, notes }
}

const newestNote = (entity: MappedEntity, rules: Rules, times: readonly (number | undefined)[]): string[] => {
  const named = rules[entity].fields.filter(({ rule }) => rule === 'newest').map(({ field }) => field)
  return named.length > 0 && times.some((time) => time !== undefined && time <= 1)
    ? [`which side is newer (${named.join(', ')}) is not known: give updated_at and SystemModstamp`]
    : []
}

const createPerson =
  (rules: Rules) =>
  ({ user, contact, linked, memberships = [], accounts = {}, base }: PersonQuestion): Preview => {
    const clerk = readClerkRecord('person', user, 'user')
    const contacts = listOf(contact).map((one, i, all) =>
      readSalesforceRecord('person', one, { what: all.length > 1 ? `contact[${i}]` : 'contact', rules }),
    )
    const email = primaryEmail(clerk.body)
    const met = meet('person', clerk.id, contacts, linked ?? base !== undefined, ({ fields }) => {
      if (!rules.person.adopt) return 'the mapping adopts none (person.adopt)'
      const theirs = fields['Email']
      if (email !== undefined && typeof theirs === 'string' && normaliseEmail(theirs) === normaliseEmail(email))
        return undefined
      return 'it has neither the Clerk id nor the e-mail address of the user; linked: true says that the two are a pair'
    })
    const views: MembershipView[] = memberships.map((one, i) => {
      const membership = readMembership(one, `memberships[${i}]`, clerk.id)
      const accountId = accounts[membership.organizationId] ?? `Account of ${membership.organizationId}`
      return { membership, organization: { deletedAt: null, accountId, parked: false } }
    })
    const { salesforce, candidates } = met
    const agreed = base ? readBase('person', base, { what: 'base', rules }) : null
    const plan = planPerson({ clerk, memberships: views, base: agreed, salesforce, candidates, managed: [], rules })
    const times = contacts.length > 0 ? [clerk.version, ...contacts.map(({ version }) => version)] : []
    return previewOf(plan, 'person', rules, [...met.notes, ...newestNote('person', rules, times)])
  }

const createOrganization =
  (rules: Rules) =>
  ({ organization, account, linked, base }: OrganizationQuestion): Preview => {
    const clerk = readClerkRecord('organization', organization, 'organization')
    const accounts = listOf(account).map((one, i, all) =>
      readSalesforceRecord('organization', one, { what: all.length > 1 ? `account[${i}]` : 'account', rules }),
    )
    const { match } = rules.organization
    const text = match ? readMatch(match, clerk.body) : ''
    const met = meet('organization', clerk.id, accounts, linked ?? base !== undefined, ({ fields }) => {
      if (!match)
        return 'it does not carry the Clerk id, and the mapping matches none (organization.match); linked: true says that the two are a pair'
      const theirs = fields[match.field]
      return text !== '' && typeof theirs === 'string' && normaliseMatch(match, theirs) === text
        ? undefined
        : `its ${match.field} does not match; linked: true says that the two are a pair`
    })
    const { salesforce, candidates } = met
    const agreed = base ? readBase('organization', base, { what: 'base', rules }) : null
    const plan = planOrganization({ clerk, base: agreed, salesforce, candidates, managed: [], rules })
    const times = accounts.length > 0 ? [clerk.version, ...accounts.map(({ version }) => version)] : []
    return previewOf(plan, 'organization', rules, [...met.notes, ...newestNote('organization', rules, times)])
  }

const createMembership =
  (rules: Rules) =>
  ({ membership, relation, contact, account, base }: MembershipQuestion): Preview => {
    const clerk = readMembership(membership, 'membership', 'user_preview')
    const held = relation && readSalesforceRecord('membership', relation, { what: 'relation', rules })
    const person = contact && readSalesforceRecord('person', contact, { what: 'contact', rules })
    const organization = account && readSalesforceRecord('organization', account, { what: 'account', rules })
    const textOf = (value: Value | undefined): string | undefined => (typeof value === 'string' ? value : undefined)
    const accountId = organization?.id ?? textOf(held?.fields['AccountId']) ?? `Account of ${clerk.organizationId}`
    const plan = planMembership({
      clerk,
      superseded: false,
      person: {
        deletedAt: null,
        dirty: false,
        contactId: person?.id ?? textOf(held?.fields['ContactId']) ?? `Contact of ${clerk.personId}`,
        // A direct relation is that of the Contact's own Account; Salesforce makes it, so without one the relation is another's.
        accountId:
          textOf(person?.fields['AccountId']) ?? (held?.fields['IsDirect'] === true ? accountId : 'another Account'),
        gone: false,
      },
      organization: { deletedAt: null, dirty: false, accountId, gone: false },
      base: base ? readBase('membership', base, { what: 'base', rules }) : null,
      salesforce: held
        ? { state: 'present', id: held.id, fields: held.fields, version: held.version }
        : { state: 'absent' },
      managed: [],
      looked: true,
      rules,
    })
    const undated =
      clerk.body['created_at'] === undefined ? ['StartDate is that of created_at, which is not given'] : []
    const times = held ? [clerk.version, held.version] : []
    return previewOf(plan, 'membership', rules, [...undated, ...newestNote('membership', rules, times)])
  }

/**
 * A mapping to ask what it would do, for tests of it. Pure: no network, no database.
 * @throws SettingError when the mapping is malformed; a question throws PreviewInputError for records that cannot be used, and MappingError
 * when a function of the mapping throws.
 */
export const testMapping = (config: MappingConfig, options: TestMappingOptions = {}): TestedMapping => {
  const { shape = {}, relations = true } = options
  const rules = compileRules(checkMappingShape(config, 'mapping'), readShape(shape), relations)
  return { person: createPerson(rules), organization: createOrganization(rules), membership: createMembership(rules) }
}
