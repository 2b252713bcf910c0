import type { ClerkPerson, Fields, SalesforceState, Value } from '../../model/model.ts'
import { applyDecision, type Decision, decidedGone, decidedNewReason, decidedReason } from './decision.ts'
import { decideExistence, hidden, lost } from './existence.ts'
import { type Draft, dropCarry, finish, mergeFields, newDraft, setField } from './fields.ts'
import { anotherIn, keyOf, type Rules, type UserDeleted } from './mapping.ts'
import { byStart, endedAt, type MembershipView } from './membership-time.ts'
import type { Plan } from './plan.ts'

/** A Contact that could be adopted: same e-mail address, no Clerk id. */
export type Candidate = { id: string; fields: Fields; version: number }

export type PersonInput = {
  clerk: ClerkPerson | undefined
  memberships: readonly MembershipView[]
  base: Fields | null
  salesforce: SalesforceState
  /** Contacts to adopt, from the look-up; empty before it. */
  candidates: readonly Candidate[]
  /** Fields that somebody else manages in Clerk. */
  managed: readonly string[]
  /** An operator had the person erased: the policy `userErased` decides, once. @default false */
  erased?: boolean
  /** What a person decided about the pair. */
  decision?: Decision | undefined
  rules: Rules
}

const status = (user: ClerkPerson, memberships: readonly MembershipView[], rules: Rules): string => {
  if (user.deletedAt !== null) return 'deleted'
  for (const flag of ['deprovisioned', 'banned', 'locked']) if (user.body[flag] === true) return flag
  const left =
    memberships.length > 0 &&
    memberships.every((view) => endedAt(view.membership, user, view.organization) !== undefined)
  return left && !rules.relations && rules.membershipEnded !== 'keep' ? 'inactive' : 'active'
}

type Primary = { view: MembershipView | undefined; active: readonly MembershipView[]; all: readonly MembershipView[] }

/** The membership whose Account is the Contact's: the oldest active one, else the one that ended last. */
const primaryOf = ({ clerk, memberships, rules }: PersonInput): Primary => {
  const all = [...memberships].sort(byStart)
  const end = (view: MembershipView): number | undefined =>
    rules.membershipEnded === 'keep' ? undefined : endedAt(view.membership, clerk, view.organization)
  const active = all.filter((view) => end(view) === undefined)
  const last = Math.max(...all.map((view) => end(view) ?? 0))
  return { active, all, view: active[0] ?? all.find((view) => end(view) === last) }
}

const holds = (views: readonly MembershipView[], account: Value): boolean =>
  views.some(({ organization }) => organization.accountId !== undefined && organization.accountId === account)

/** Decides Contact.AccountId into the draft. */
const mergeAccount = (draft: Draft, { view, active, all }: Primary, held: Fields, rules: Rules): void => {
  const current = held['AccountId'] ?? null
  const base = draft.base['AccountId']
  const ours = current !== null && current === base
  if (active.length === 0 && rules.membershipEnded === 'unlink') {
    if (all.length === 0 || current === null || !(ours || holds(all, current))) return
    draft.weighs = true
    setField(draft, 'AccountId', null, held, 'the last membership ended')
    return
  }
  const wanted = view?.organization.accountId
  if (wanted === undefined) return
  const free = current === null || ours || rules.person.primaryAccount === 'always'
  // Somebody put the Contact on another Account: one of its own active organizations is as good as ours, a stranger's stays.
  if (!free && holds(active, current)) return
  if (!free && (active.length === 0 || !holds(all, current))) return
  // Whoever may have moved the Contact meanwhile is asked first, unless Clerk decides in any case.
  if (rules.person.primaryAccount === 'blank' && current !== wanted) draft.weighs = true
  setField(
    draft,
    'AccountId',
    wanted,
    held,
    active.length > 0 ? 'the oldest active membership' : 'the membership that ended last',
  )
}

/** What the end of a user means for its Contact, and in whose words. */
const endingOf = ({ erased, rules }: PersonInput): { policy: UserDeleted; why: string } =>
  erased
    ? { policy: rules.userErased, why: `the person was erased (policy: ${rules.userErased})` }
    : { policy: rules.userDeleted, why: `the user was deleted (policy: ${rules.userDeleted})` }

const anonymous = (draft: Draft, held: Fields, input: PersonInput): void => {
  const { why } = endingOf(input)
  for (const { field, kind, rule } of input.rules.person.fields) {
    if (rule === 'salesforce') continue
    const blank: Value = field === 'LastName' ? 'Deleted user' : kind === 'boolean' ? false : null
    setField(draft, field, blank, held, why)
  }
}

const merged = (
  input: PersonInput,
  user: ClerkPerson,
  found: { id: string; fields: Fields; version: number },
  kind: 'adopt' | 'update',
): Plan => {
  const { rules, memberships, base } = input
  const ended = user.deletedAt !== null
  const draft = newDraft(base)
  const held = found.fields
  const other = anotherIn('person', held, user.id)
  if (other !== undefined)
    return {
      do: 'park',
      code: 'LINKED_TO_ANOTHER',
      reason: `Contact ${found.id} carries the Clerk id of another user (${other}): clear Clerk_User_Id__c on the wrong one, then retry`,
    }
  const { policy, why } = endingOf(input)
  if (input.erased && (policy === 'keep' || base?.[keyOf.person] === user.id))
    return { do: 'none', reason: `${why}: done`, id: found.id, base: { [keyOf.person]: user.id } }
  if (ended && policy === 'delete')
    return {
      do: 'change',
      change: {
        kind: 'delete',
        id: found.id,
        fields: {},
        before: held,
        why: {},
        reason: why,
        weighs: false,
      },
      base: {},
    }
  setField(draft, keyOf.person, user.id, held, 'our key')
  if (ended && policy === 'anonymise') anonymous(draft, held, input)
  else if (Object.keys(user.body).length > 0)
    mergeFields(draft, rules.person.fields, {
      clerk: user.body,
      salesforce: held,
      newer: user.version >= found.version ? 'clerk' : 'salesforce',
      managed: input.managed,
    })
  if (ended || user.version === 0) dropCarry(draft)
  if (!ended || policy !== 'keep')
    setField(draft, 'Clerk_Status__c', status(user, memberships, rules), held, 'state of the user in Clerk')
  mergeAccount(draft, primaryOf(input), held, rules)
  const reason =
    kind === 'adopt'
      ? input.decision?.wanted === 'this'
        ? decidedReason
        : 'the only Contact with this e-mail address, and without a Clerk id'
      : ended
        ? input.erased
          ? why
          : 'the user was deleted'
        : 'the user changed'
  return finish(draft, found.id, ended && kind === 'update' ? 'end' : kind, reason)
}

const created = (input: PersonInput, user: ClerkPerson): Plan => {
  const { rules } = input
  const ended = user.deletedAt !== null
  if (Object.keys(user.body).length === 0) return { do: 'none', reason: 'deleted before anything was known of it' }
  if (ended && (rules.userDeleted === 'delete' || rules.userDeleted === 'anonymise'))
    return { do: 'none', reason: 'deleted before it came to Salesforce' }
  const draft = newDraft(null)
  draft.fields[keyOf.person] = user.id
  draft.base[keyOf.person] = user.id
  draft.why[keyOf.person] = 'our key'
  mergeFields(draft, rules.person.fields, { clerk: user.body, salesforce: {}, newer: 'clerk', managed: [] })
  const gone = ended && rules.userDeleted === 'deactivate'
  setField(
    draft,
    'Clerk_Status__c',
    gone || !ended ? status(user, input.memberships, rules) : 'active',
    {},
    'state of the user in Clerk',
  )
  mergeAccount(draft, primaryOf(input), {}, rules)
  const reason = input.decision?.wanted === 'new' ? decidedNewReason : 'no Contact has this Clerk id or e-mail address'
  return finish(draft, undefined, 'create', reason)
}

/** The Account must exist before its Contacts; one that is parked holds nobody up. */
const missingAccount = (input: PersonInput): Plan | undefined => {
  const { view } = primaryOf(input)
  if (!view || view.organization.accountId !== undefined || view.organization.parked) return undefined
  const of = view.membership.organizationId
  return { do: 'wait', for: 'organization', of, reason: `waits for the Account of ${of}` }
}

/** Plans one person: user and memberships on the one side, Contact on the other. */
export const planPerson = (given: PersonInput): Plan => {
  const { clerk, base, candidates, rules, decision: decided } = given
  const open = base === null
  const left = applyDecision({
    entity: 'person',
    clerkId: clerk?.id ?? '',
    decision: decided,
    open,
    salesforce: given.salesforce,
  })
  if ('do' in left) return left
  const salesforce = left
  const input = { ...given, salesforce }
  const presence = clerk === undefined ? 'unseen' : clerk.deletedAt === null ? 'present' : 'ended'
  const decision = decideExistence(presence, salesforce, base !== null)
  if (clerk === undefined || decision === 'nothing') return { do: 'none', reason: 'nothing to do' }
  if (decision === 'gone') return lost('Contact', 'user', keyOf.person, salesforce)
  if (decision === 'later') return { do: 'later', reason: hidden('Contact', salesforce) }
  const wait = missingAccount(input)
  if (wait) return wait
  if (decision === 'look') return { do: 'look', reason: 'Salesforce was never asked for this user' }
  if (salesforce.state === 'present') return merged(input, clerk, salesforce, 'update')
  const [candidate, ...others] = rules.person.adopt || decided ? candidates : []
  if (!candidate && decided?.wanted === 'this' && presence !== 'ended') return decidedGone('person', decided)
  if (candidate && presence === 'ended')
    return {
      do: 'none',
      reason: 'deleted before it came to Salesforce; the Contact with its e-mail address is left alone',
    }
  if (others.length > 0)
    return {
      do: 'park',
      code: 'AMBIGUOUS',
      reason: `several Contacts have this user's e-mail address (${candidates.map(({ id }) => id).join(', ')}): say which (clerkforce link ${clerk.id} <Contact id>); or merge them or put the Clerk id on the right one, then retry`,
    }
  return candidate ? merged(input, clerk, candidate, 'adopt') : created(input, clerk)
}
