import type { ClerkOrganization, Fields, SalesforceState } from '../../model/model.ts'
import { applyDecision, type Decision, decidedGone, decidedNewReason, decidedReason } from './decision.ts'
import { decideExistence, hidden, lost } from './existence.ts'
import { dropCarry, finish, mergeFields, newDraft, setField } from './fields.ts'
import { anotherIn, keyOf, type Rules } from './mapping.ts'
import type { Candidate } from './person.ts'
import type { Plan } from './plan.ts'

export type OrganizationInput = {
  clerk: ClerkOrganization | undefined
  base: Fields | null
  salesforce: SalesforceState
  /** Accounts that match by the configured rule and carry no Clerk id; empty before the look-up. */
  candidates: readonly Candidate[]
  /** Fields that somebody else manages in Clerk. */
  managed: readonly string[]
  /** What a person decided about the pair. */
  decision?: Decision | undefined
  rules: Rules
}

const drafted = (
  { base, rules, managed, decision }: OrganizationInput,
  organization: ClerkOrganization,
  found: { id: string; fields: Fields; version: number } | undefined,
  kind: 'create' | 'adopt' | 'update',
): Plan => {
  const held = found?.fields ?? {}
  const other = anotherIn('organization', held, organization.id)
  if (other !== undefined)
    return {
      do: 'park',
      code: 'LINKED_TO_ANOTHER',
      reason: `Account ${found?.id} carries the Clerk id of another organization (${other}): clear Clerk_Org_Id__c on the wrong one, then retry`,
    }
  const ended = organization.deletedAt !== null
  const draft = newDraft(kind === 'update' ? base : null)
  setField(draft, keyOf.organization, organization.id, held, 'our key')
  if (Object.keys(organization.body).length > 0) {
    const newer = !found || organization.version >= found.version ? 'clerk' : 'salesforce'
    mergeFields(draft, rules.organization.fields, { clerk: organization.body, salesforce: held, newer, managed })
  }
  if (ended || organization.version === 0) dropCarry(draft)
  const status = ended && rules.organizationDeleted !== 'keep' ? 'deleted' : 'active'
  setField(draft, 'Clerk_Status__c', status, held, 'state of the organization in Clerk')
  const reason = {
    create: decision?.wanted === 'new' ? decidedNewReason : 'no Account has this Clerk id',
    adopt: decision?.wanted === 'this' ? decidedReason : 'the only Account that matches by the configured rule',
    update: ended ? 'the organization was deleted' : 'the organization changed',
  }
  return finish(draft, found?.id, ended && kind === 'update' ? 'end' : kind, reason[kind])
}

/** Plans one organization and its Account. */
export const planOrganization = (given: OrganizationInput): Plan => {
  const { clerk, base, candidates, decision: decided } = given
  const open = base === null
  const left = applyDecision({
    entity: 'organization',
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
  if (decision === 'look') return { do: 'look', reason: 'Salesforce was never asked for this organization' }
  if (decision === 'later') return { do: 'later', reason: hidden('Account', salesforce) }
  if (decision === 'gone') return lost('Account', 'organization', keyOf.organization, salesforce)
  if (salesforce.state === 'present') return drafted(input, clerk, salesforce, 'update')
  const [candidate, ...others] = candidates
  if (!candidate && decided?.wanted === 'this' && presence !== 'ended') return decidedGone('organization', decided)
  if (others.length > 0)
    return {
      do: 'park',
      code: 'AMBIGUOUS',
      reason: `several Accounts match this organization (${candidates.map(({ id }) => id).join(', ')}): say which (clerkforce link ${clerk.id} <Account id>); or merge them or put the Clerk id on the right one, then retry`,
    }
  if (!candidate && Object.keys(clerk.body).length === 0)
    return { do: 'none', reason: 'deleted before anything was known of it' }
  return drafted(input, clerk, candidate, candidate ? 'adopt' : 'create')
}
