/**
 * A membership is an AccountContactRelation (ACR). Salesforce makes the *direct* one by itself when Contact.AccountId is set, so it
 * is found and given our key, never created; only *indirect* ones are created. There is one ACR for each Account and Contact, so of
 * several memberships of the same user in the same organization (left and came back) the newest has it.
 */
import type { ClerkMembership, Fields, SalesforceState, Value } from '../../model/model.ts'
import { decideExistence, hidden } from './existence.ts'
import { type Draft, dropCarry, finish, mergeFields, newDraft, setField } from './fields.ts'
import { keyOf, type Rules } from './mapping.ts'
import { endedAt, startedAt } from './membership-time.ts'
import type { Plan } from './plan.ts'
import { toDate } from './value.ts'

export type MembershipInput = {
  clerk: ClerkMembership | undefined
  /** A newer membership of the same user in the same organization exists. */
  superseded: boolean
  person: {
    deletedAt: number | null
    /** Its link is dirty, so the Contact may be about to move. */
    dirty: boolean
    contactId: string | undefined
    accountId: string | null
    /** The Contact is gone and will not come back (policy, or deleted before it was written). */
    gone: boolean
  }
  organization: { deletedAt: number | null; dirty: boolean; accountId: string | undefined; gone: boolean }
  base: Fields | null
  /** The ACR of this Contact and Account, or the one with our key. */
  salesforce: SalesforceState
  /** Fields that somebody else manages in Clerk. */
  managed: readonly string[]
  /** Salesforce was asked just now: what it shows is not our memory of it. */
  looked: boolean
  rules: Rules
}

const drafted = (input: MembershipInput, membership: ClerkMembership, draft: Draft, held: Fields): void => {
  const { rules, person, organization } = input
  setField(draft, keyOf.membership, membership.id, held, 'our key')
  mergeFields(draft, rules.membership.fields, {
    clerk: membership.body,
    salesforce: held,
    newer:
      membership.version >= (input.salesforce.state === 'present' ? input.salesforce.version : 0)
        ? 'clerk'
        : 'salesforce',
    managed: input.managed,
  })
  if (endedAt(membership, person, organization) !== undefined) dropCarry(draft)
  const end = rules.membershipEnded === 'keep' ? undefined : endedAt(membership, person, organization)
  setField(
    draft,
    'IsActive',
    end === undefined,
    held,
    end === undefined ? 'the membership is active' : 'the membership ended',
  )
  // A clock that is off must not make a period that ends before it starts: Salesforce refuses it.
  const start = toDate(startedAt(membership))
  const stop = end === undefined ? null : toDate(end)
  setField(draft, 'StartDate', start, held, 'start of the membership')
  setField(
    draft,
    'EndDate',
    stop !== null && stop < start ? start : stop,
    held,
    end === undefined ? 'the membership is active' : 'end of the membership',
  )
}

const removed = (id: string, held: Fields): Plan => {
  const direct = held['IsDirect'] === true
  if (direct) return { do: 'none', reason: 'the direct relation stays as long as the Contact is on this Account', id }
  return {
    do: 'change',
    change: {
      kind: 'delete',
      id,
      fields: {},
      before: held,
      why: {},
      reason: 'the membership ended (policy: unlink)',
      weighs: false,
    },
    base: {},
  }
}

/** Takes our key from the relation of another Contact or Account than ours are now: the key can be on one relation only. */
const unpaired = (id: string, held: Fields): Plan => {
  const key = keyOf.membership
  const fields: Record<string, Value> = { [key]: null }
  // A direct one is Salesforce's own statement, and stays as long as its Contact is on that Account.
  if (held['IsDirect'] !== true) fields['IsActive'] = false
  const why = Object.fromEntries(Object.keys(fields).map((field) => [field, 'the relation of a pair that is no more']))
  const before = Object.fromEntries(Object.keys(fields).map((field) => [field, held[field] ?? null]))
  const reason = 'the user has another Contact now, or the organization another Account'
  return { do: 'change', change: { kind: 'unpair', id, fields, before, why, reason, weighs: false }, base: {} }
}

const isOf = (held: Fields, contactId: string, accountId: string): boolean =>
  (held['ContactId'] ?? contactId) === contactId && (held['AccountId'] ?? accountId) === accountId

/** Plans one membership and its AccountContactRelation. */
export const planMembership = (input: MembershipInput): Plan => {
  const { clerk, person, organization, salesforce, base, rules } = input
  if (!clerk || Object.keys(clerk.body).length === 0) return { do: 'none', reason: 'nothing is known of it' }
  if (!rules.relations)
    return { do: 'none', reason: 'this org has no Contacts to Multiple Accounts: the primary Account only' }
  if (input.superseded)
    return { do: 'none', reason: 'a newer membership of the same user in the same organization has the relation' }
  if (person.dirty)
    return { do: 'wait', for: 'person', of: clerk.personId, reason: `waits for the Contact of ${clerk.personId}` }
  if (organization.dirty)
    return {
      do: 'wait',
      for: 'organization',
      of: clerk.organizationId,
      reason: `waits for the Account of ${clerk.organizationId}`,
    }
  if (person.gone || organization.gone) return { do: 'none', reason: 'its Contact or Account is gone' }
  if (person.contactId === undefined)
    return { do: 'wait', for: 'person', of: clerk.personId, reason: `waits for the Contact of ${clerk.personId}` }
  if (organization.accountId === undefined)
    return {
      do: 'wait',
      for: 'organization',
      of: clerk.organizationId,
      reason: `waits for the Account of ${clerk.organizationId}`,
    }
  const ended = endedAt(clerk, person, organization) !== undefined
  const unlinked = ended && rules.membershipEnded === 'unlink'
  const decision = decideExistence(ended ? 'ended' : 'present', salesforce, base !== null)
  if (decision === 'nothing') return { do: 'none', reason: 'nothing to do' }
  if (decision === 'look') return { do: 'look', reason: 'Salesforce was never asked for this membership' }
  if (decision === 'later') return { do: 'later', reason: hidden('AccountContactRelation', salesforce) }
  if (salesforce.state === 'present' && !isOf(salesforce.fields, person.contactId, organization.accountId))
    return input.looked
      ? unpaired(salesforce.id, salesforce.fields)
      : { do: 'look', reason: 'the user has another Contact now, or the organization another Account' }
  // When a Contact moves to another Account, Salesforce turns its direct relation into an indirect one without telling us.
  if (
    salesforce.state === 'present' &&
    salesforce.fields['IsDirect'] === true &&
    person.accountId !== organization.accountId
  )
    return input.looked
      ? { do: 'later', reason: 'the Contact has moved; its relations do not show it yet' }
      : { do: 'look', reason: 'the Contact has moved to another Account' }
  if (salesforce.state === 'present') {
    if (unlinked) return removed(salesforce.id, salesforce.fields)
    const draft = newDraft(base)
    drafted(input, clerk, draft, salesforce.fields)
    return finish(
      draft,
      salesforce.id,
      ended ? 'end' : 'update',
      ended ? 'the membership ended' : 'the membership changed',
    )
  }
  if (unlinked) return { do: 'none', reason: 'ended before it came to Salesforce' }
  if (person.accountId === organization.accountId)
    return { do: 'later', reason: 'Salesforce makes the direct relation by itself; it does not show yet' }
  if (person.accountId === null)
    return {
      do: 'park',
      code: 'PRIVATE_CONTACT',
      reason: `Contact ${person.contactId} has no Account, and Salesforce gives such a Contact no relations: put it on an Account, then retry`,
    }
  // A relation that somebody deleted in Salesforce is made again: it is the statement of a membership, nothing a person typed.
  const draft = newDraft(null)
  drafted(input, clerk, draft, {})
  draft.fields['AccountId'] = organization.accountId
  draft.fields['ContactId'] = person.contactId
  return finish(draft, undefined, 'create', 'no relation of this Contact to this Account')
}
