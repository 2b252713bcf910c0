import type { Query } from '../../db/database.ts'
import { type Body, type Entity, readPath, type SalesforceState } from '../../model/model.ts'
import {
  type ClerkRow,
  isEmpty,
  type Outlook,
  type Parent,
  readClerk,
  readMemberships,
  readPaired,
  readParents,
  readSalesforce,
} from '../mirror/context.ts'
import { heldCode, heldReason, readDecisions, readHolds } from '../mirror/decisions.ts'
import type { Claim } from '../mirror/dirty.ts'
import { intentMark, namesUnderWay } from '../mirror/intents.ts'
import type { Decision } from '../plan/decision.ts'
import { baseAt } from '../plan/existence.ts'
import { planInvitation } from '../plan/invitation.ts'
import { MappingError, type Rules, readMatch } from '../plan/mapping.ts'
import { planMembership } from '../plan/membership.ts'
import { type MembershipView, startedAt } from '../plan/membership-time.ts'
import { planOrganization } from '../plan/organization.ts'
import { planPerson } from '../plan/person.ts'
import type { Plan } from '../plan/plan.ts'
import type { Sight, Wanted } from './look.ts'

/** One claim with all that its plan depends on; `plan` may be asked again when Salesforce has been looked at. */
export type Planned = {
  claim: Claim
  plan: (sight?: Sight) => Plan
  wanted: Wanted
  /** What we remember of Salesforce's side. */
  remembered: SalesforceState
  /** Clerk's record, where there is one. */
  record: ClerkRow | undefined
  /** When Clerk's record changed last, in ms. */
  changedAt: number | undefined
  /** The parent's link, by which a waiting child is woken. */
  parentOf: (entity: 'person' | 'organization') => Pick<Parent, 'linkId' | 'parked' | 'accountId'> | undefined
}

const unseen: SalesforceState = { state: 'unseen' }
const noParent: Parent = {
  linkId: undefined,
  salesforceId: undefined,
  deletedAt: null,
  dirty: false,
  parked: false,
  accountId: null,
}

const changeTime = (record: { version: number; deletedAt: number | null } | undefined): number | undefined =>
  record ? (record.deletedAt ?? (record.version || undefined)) : undefined

/** A parent whose link is settled without a record on the other side: there is none, and none will come. */
const isGone = ({ linkId, salesforceId, dirty, parked }: Parent): boolean =>
  linkId !== undefined && salesforceId === undefined && !dirty && !parked

const isNew = ({ salesforceId, base }: Claim): boolean => salesforceId === null && base === null

/** The name of an organization that carries no mark of ours, by which it would be known. */
const nameOf = (record: ClerkRow | undefined): string[] => {
  const name = record?.body['name']
  const mark = readPath(record?.body ?? {}, `private_metadata.${intentMark}`)
  return typeof name === 'string' && mark === undefined ? [name] : []
}

/** Links of organizations that may be what is being made for an Account: they must not become Accounts of their own. */
const readPerhapsOurs = async (
  query: Query,
  claims: readonly Claim[],
  clerk: ReadonlyMap<string, ClerkRow>,
): Promise<Set<number>> => {
  const unmarked = claims
    .filter(isNew)
    .flatMap(({ linkId, clerkId }) => nameOf(clerk.get(clerkId)).map((name) => ({ linkId, name })))
  if (unmarked.length === 0) return new Set()
  const underWay = await namesUnderWay(
    query,
    unmarked.map(({ name }) => name),
  )
  // Asked after the names: what was under way and is no longer has its pair by now, of which the claim does not know yet.
  const paired = await readPaired(
    query,
    unmarked.map(({ linkId }) => linkId),
  )
  return new Set([...paired, ...unmarked.filter(({ name }) => underWay.has(name)).map(({ linkId }) => linkId)])
}

/** What people decided about the pairs of these claims. */
const readDecided = async (query: Query, claims: readonly Claim[]): Promise<(claim: Claim) => Decided> => {
  const decisions = await readDecisions(
    query,
    claims.map(({ clerkId }) => clerkId),
  )
  return (claim) => {
    const decision = decisions.get(claim.clerkId)
    const open = decision !== undefined && claim.salesforceId === null
    return {
      decision,
      // Whoever held the link when it was decided about may have left a base of the old pair.
      base: open ? null : claim.base,
      // Looked at when it was decided; from then on whatever concerns it asks for a look by itself.
      rest: open && decision.wanted === 'apart' && !claim.look,
    }
  }
}

type Decided = { decision: Decision | undefined; base: Claim['base']; rest: boolean }

const apart: Plan = { do: 'none', reason: 'a person unlinked it' }

type Reader = (query: Query, claims: readonly Claim[], rules: Rules, outlook?: Outlook) => Promise<Planned[]>

const organizations: Reader = async (query, claims, rules) => {
  const [clerk, salesforce] = [await readClerk(query, claims), await readSalesforce(query, claims)]
  const perhapsOurs = await readPerhapsOurs(query, claims, clerk)
  const decidedOf = await readDecided(query, claims)
  return claims.map((claim) => {
    const record = clerk.get(claim.clerkId)
    const remembered = salesforce.get(claim.linkId) ?? unseen
    const { decision, base, rest } = decidedOf(claim)
    return {
      claim,
      remembered,
      record,
      changedAt: changeTime(record),
      wanted: { claim, body: record?.body ?? {}, decision },
      parentOf: () => undefined,
      plan: (sight) => {
        if (rest && !sight) return apart
        if (perhapsOurs.has(claim.linkId))
          return {
            do: 'later',
            reason: 'an organization of this name is being made for an Account: it may be this one',
          }
        const { match } = rules.organization
        // Asked here as well as in the look, so that a function that throws is known before the look of the whole batch.
        if (match && record) readMatch(match, record.body)
        const there = sight?.salesforce ?? remembered
        return planOrganization({
          clerk: record,
          base: baseAt(base, claim.salesforceId, there),
          salesforce: there,
          candidates: sight?.candidates ?? [],
          managed: claim.managed,
          decision,
          rules,
        })
      },
    }
  })
}

const people: Reader = async (query, claims, rules, outlook) => {
  const clerk = await readClerk(query, claims)
  const salesforce = await readSalesforce(query, claims)
  const memberships = await readMemberships(
    query,
    claims.map(({ clerkId }) => clerkId),
  )
  const organizationIds = [...memberships.values()].flat().map(({ organizationId }) => organizationId)
  const parents = await readParents(query, 'organization', organizationIds, outlook)
  const decidedOf = await readDecided(query, claims)
  return claims.map((claim) => {
    const record = clerk.get(claim.clerkId)
    const remembered = salesforce.get(claim.linkId) ?? unseen
    const { decision, base, rest } = decidedOf(claim)
    const own = (memberships.get(claim.clerkId) ?? []).filter(({ body }) => !isEmpty(body))
    const views: MembershipView[] = own.map((membership) => {
      const parent = parents.get(membership.organizationId) ?? noParent
      const { deletedAt, salesforceId, parked } = parent
      return { membership, organization: { deletedAt, accountId: salesforceId, parked: parked || isGone(parent) } }
    })
    const plan = (sight?: Sight): Plan => {
      if (rest && !sight) return apart
      const there = sight?.salesforce ?? remembered
      return planPerson({
        clerk: record,
        memberships: views,
        base: baseAt(base, claim.salesforceId, there),
        salesforce: there,
        candidates: sight?.candidates ?? [],
        managed: claim.managed,
        decision,
        erased: claim.erased,
        rules,
      })
    }
    const body: Body = record?.body ?? {}
    const waitedFor = views.find(({ organization }) => organization.accountId === undefined && !organization.parked)
    return {
      claim,
      remembered,
      record,
      changedAt: changeTime(record),
      wanted: { claim, body, decision },
      plan,
      parentOf: () => parents.get(waitedFor?.membership.organizationId ?? ''),
    }
  })
}

const memberships: Reader = async (query, claims, rules, outlook) => {
  const clerk = await readClerk(query, claims)
  const salesforce = await readSalesforce(query, claims)
  const personIds = [...clerk.values()].flatMap(({ personId }) => personId ?? [])
  const organizationIds = [...clerk.values()].flatMap(({ organizationId }) => organizationId ?? [])
  const persons = await readParents(query, 'person', personIds, outlook)
  const parents = await readParents(query, 'organization', organizationIds, outlook)
  const siblings = await readMemberships(query, personIds)
  return claims.map((claim) => {
    const row = clerk.get(claim.clerkId)
    const record =
      row?.personId && row.organizationId
        ? { ...row, personId: row.personId, organizationId: row.organizationId }
        : undefined
    const person = persons.get(record?.personId ?? '') ?? noParent
    const organization = parents.get(record?.organizationId ?? '') ?? noParent
    const remembered = salesforce.get(claim.linkId) ?? unseen
    const superseded = (siblings.get(record?.personId ?? '') ?? []).some(
      (other) =>
        record !== undefined &&
        other.organizationId === record.organizationId &&
        other.id !== record.id &&
        !isEmpty(other.body) &&
        (startedAt(other) > startedAt(record) || (startedAt(other) === startedAt(record) && other.id > record.id)),
    )
    const plan = (sight?: Sight): Plan => {
      const there = sight?.salesforce ?? remembered
      return planMembership({
        clerk: record,
        superseded,
        person: {
          deletedAt: person.deletedAt,
          dirty: person.dirty,
          contactId: person.salesforceId,
          accountId: person.accountId,
          gone: isGone(person),
        },
        organization: {
          deletedAt: organization.deletedAt,
          dirty: organization.dirty,
          accountId: organization.salesforceId,
          gone: isGone(organization),
        },
        base: baseAt(claim.base, claim.salesforceId, there),
        salesforce: there,
        managed: claim.managed,
        looked: sight !== undefined,
        rules,
      })
    }
    return {
      claim,
      remembered,
      record,
      changedAt: changeTime(record),
      wanted: { claim, body: record?.body ?? {}, contactId: person.salesforceId, accountId: organization.salesforceId },
      plan,
      parentOf: (entity) => (entity === 'person' ? person : organization),
    }
  })
}

const invitations: Reader = async (query, claims, rules) => {
  const [clerk, salesforce] = [await readClerk(query, claims), await readSalesforce(query, claims)]
  return claims.map((claim) => {
    const record = clerk.get(claim.clerkId)
    const remembered = salesforce.get(claim.linkId) ?? unseen
    return {
      claim,
      remembered,
      record,
      changedAt: changeTime(record),
      wanted: { claim, body: {} },
      parentOf: () => undefined,
      plan: (sight) =>
        planInvitation({
          clerk: record,
          contactId: claim.salesforceId,
          base: claim.base,
          salesforce: sight?.salesforce ?? remembered,
          wanted: rules.invite !== undefined,
        }),
    }
  })
}

const readers: Readonly<Record<Entity, Reader>> = {
  organization: organizations,
  person: people,
  membership: memberships,
  invitation: invitations,
}

/** Reads what the claims of one entity depend on. */
export const planBatch = async (
  query: Query,
  entity: Entity,
  claims: readonly Claim[],
  rules: Rules,
  outlook?: Outlook,
): Promise<Planned[]> => {
  const planned = await readers[entity](query, claims, rules, outlook)
  const holds = await readHolds(
    query,
    claims.map(({ linkId }) => linkId),
  )
  return planned.map((one) => {
    const hold = holds.get(one.claim.linkId)
    if (hold && !one.claim.erased)
      return { ...one, plan: () => ({ do: 'park', code: heldCode, reason: heldReason(hold) }) }
    return { ...one, plan: (sight) => planSafely(one, sight) }
  })
}

/** A mapping function that throws is the trouble of the record that it threw for, and of no other in the batch. */
const planSafely = (planned: Planned, sight: Sight | undefined): Plan => {
  try {
    return planned.plan(sight)
  } catch (error) {
    if (error instanceof MappingError) return { do: 'park', code: 'MAPPING_FAILED', reason: error.message }
    throw error
  }
}
