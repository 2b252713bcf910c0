/**
 * Foresees what the engine would do with every link, by the planner that it would ask itself: what is planned for an organization is taken as done
 * when its people are planned, and likewise for memberships. Records that are not there yet go by `new:` and their Clerk id.
 */
import type { Query } from '../../db/database.ts'
import type { Fields, Value } from '../../model/model.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { isScannedBy } from '../mirror/candidates.ts'
import { readDecisions, readReserved } from '../mirror/decisions.ts'
import { type Claim, tiers } from '../mirror/dirty.ts'
import { readLinks } from '../mirror/every-link.ts'
import {
  type Foreseen,
  type PlannedField,
  type PlannedFlag,
  type PlannedKind,
  readOwners,
  storePlanned,
} from '../mirror/planned.ts'
import type { Run, RunEntity } from '../mirror/runs.ts'
import type { PacedReads } from '../pace/paced-api.ts'
import { keyOf, type Rules } from '../plan/mapping.ts'
import type { Plan } from '../plan/plan.ts'
import { printOf, referencesIn } from '../plan/print.ts'
import { look, type Sight, type Wanted } from '../write/look.ts'
import { type Planned, planBatch } from '../write/plan-batch.ts'
import { sightsInScan } from '../write/scanned.ts'
import { patiently } from './patience.ts'
import type { RunTools } from './runs.ts'

const linksAtOnce = 500
const newId = (clerkId: string): string => `new:${clerkId}`

/** Salesforce makes it by itself when a Contact is put on its Account. */
const madeBySalesforce = ({ claim, wanted: { contactId, accountId } }: Planned, asOf: number): Sight => ({
  salesforce: {
    state: 'present',
    id: newId(claim.clerkId),
    fields: {
      [keyOf.membership]: null,
      ContactId: contactId ?? null,
      AccountId: accountId ?? null,
      IsDirect: true,
      IsActive: true,
      StartDate: null,
      EndDate: null,
    },
    version: 0,
  },
  candidates: [],
  asOf,
})

const sightOf = (planned: Planned, sight: Sight | undefined, asOf: number): Sight | undefined => {
  const { claim, wanted, parentOf } = planned
  if (claim.entity !== 'membership' || !sight || sight.salesforce.state === 'present') return sight
  const accountId = parentOf('person')?.accountId
  return wanted.accountId !== undefined && wanted.accountId === accountId ? madeBySalesforce(planned, asOf) : sight
}

const kindOf = ({ salesforceId }: Claim, plan: Plan): PlannedKind | undefined => {
  switch (plan.do) {
    case 'change':
      return plan.change.kind
    case 'park':
      return 'park'
    case 'none':
      if (plan.carry && Object.keys(plan.carry.fields).length > 0) return 'update'
      return plan.id !== undefined && salesforceId === null ? 'link' : undefined
    case 'wait':
    case 'later':
    case 'look':
      return 'wait'
  }
}

const fieldsOf = (plan: Plan): { [field: string]: PlannedField } => {
  const fields: { [field: string]: PlannedField } = {}
  if (plan.do === 'change') {
    const { fields: sent, before, why, rules } = plan.change
    for (const [field, after] of Object.entries(sent)) {
      const rule = rules?.[field]
      const line = { side: 'salesforce' as const, before: before[field] ?? null, after, why: why[field] ?? '' }
      fields[field] = rule === undefined ? line : { ...line, rule }
    }
  }
  if (plan.do !== 'change' && plan.do !== 'none') return fields
  for (const [field, { to, value, before, why, rule }] of Object.entries(plan.carry?.fields ?? {})) {
    const line = { side: 'clerk' as const, before, after: value, why: `${why} (${field})` }
    fields[to] = rule === undefined ? line : { ...line, rule }
  }
  return fields
}

/** Own fields say what Clerk says: nobody types them. */
const isOurs = (field: string): boolean => field.startsWith('Clerk_') || field === 'IsActive'

const flagsOf = ({ base }: Claim, plan: Plan): PlannedFlag[] => {
  if (plan.do === 'park') return plan.code === 'AMBIGUOUS' ? ['ambiguous'] : []
  if (plan.do !== 'change') return []
  const { kind, fields, before } = plan.change
  const typed = (field: string): boolean => {
    const held: Value = before[field] ?? null
    return held !== null && held !== '' && !isOurs(field) && base?.[field] !== held
  }
  const ends = kind === 'end' || kind === 'delete' || fields['IsActive'] === false
  return [...(Object.keys(fields).some(typed) ? ['overwrites' as const] : []), ...(ends ? ['ends' as const] : [])]
}

const recordOf = (claim: Claim, plan: Plan): string | null => {
  if (plan.do === 'none') return plan.id ?? claim.salesforceId
  if (plan.do !== 'change') return claim.salesforceId
  return plan.change.id ?? newId(claim.clerkId)
}

/** The record that was nobody's, and would be of this link. */
const adoptedBy = ({ clerkId, entity }: Claim, plan: Plan): string | undefined =>
  entity !== 'membership' && plan.do === 'change' && plan.change.kind === 'adopt' && plan.change.id !== newId(clerkId)
    ? plan.change.id
    : undefined

const accountOf = (plan: Plan, held: Fields | undefined): string | null => {
  const wanted = plan.do === 'change' ? plan.change.fields['AccountId'] : undefined
  const account = wanted === undefined ? held?.['AccountId'] : wanted
  return typeof account === 'string' ? account : null
}

const reasonOf = (plan: Plan): string => (plan.do === 'change' ? plan.change.reason : plan.reason)

type Foreseeing = {
  tools: RunTools
  run: Run
  rules: Rules
  ask: Pick<PacedReads, 'query'>
  /** A scan has shown all that could be adopted. */
  scanned: boolean
}

/** What is not there yet cannot be asked for. */
const isReal = ({ contactId, accountId }: Wanted): boolean =>
  !contactId?.startsWith('new:') && !accountId?.startsWith('new:')

/** Links whose record a person named, or that of their Contact: no scan goes by that. */
const decidedAmong = async ({ db }: RunTools, open: readonly Planned[]): Promise<Set<number>> => {
  const personOf = ({ record }: Planned): string => record?.personId ?? ''
  const members = open.filter(({ claim }) => claim.entity === 'membership')
  const decisions = await readDecisions(db.query, members.map(personOf))
  return new Set(
    open.flatMap((one) => {
      const decision = one.wanted.decision ?? decisions.get(personOf(one))
      return decision?.salesforceId == null ? [] : [one.claim.linkId]
    }),
  )
}

const sightsOf = async (
  { tools, run, rules, ask, scanned }: Foreseeing,
  entity: RunEntity,
  open: readonly Planned[],
  asOf: number,
): Promise<Map<number, Sight>> => {
  if (scanned && !(await isScannedBy(tools.db.query, entity, run.id)))
    throw new SalesforceError(
      'outage',
      'SCAN_OVERTAKEN',
      'another run scanned Salesforce while this plan was made, so that it is not known what is there: plan again',
    )
  const decided = scanned ? await decidedAmong(tools, open) : undefined
  const wanted = open.map((one) => one.wanted)
  const shown = wanted.filter(({ claim }) => decided && !decided.has(claim.linkId))
  const asked = wanted.filter((one) => (!decided || decided.has(one.claim.linkId)) && isReal(one))
  const absent: Sight = { salesforce: { state: 'absent' }, candidates: [], asOf }
  return new Map([
    ...wanted.map(({ claim }) => [claim.linkId, absent] as const),
    ...(shown.length > 0 ? await sightsInScan(tools.db.query, entity, shown, rules, asOf) : []),
    ...(asked.length > 0
      ? await patiently(tools, 'salesforce', () => look(ask, entity, asked, rules, tools.clock.now))
      : []),
  ])
}

/** Without the candidates that a person gave to another. */
const unreserved = async (
  query: Query,
  entity: RunEntity,
  open: readonly Planned[],
  sights: ReadonlyMap<number, Sight>,
): Promise<Map<number, Sight>> => {
  const ids = [...sights.values()].flatMap(({ candidates }) => candidates.map(({ id }) => id))
  const reserved = await readReserved(query, entity, ids)
  const clerkIds = new Map(open.map(({ claim }) => [claim.linkId, claim.clerkId]))
  return new Map(
    [...sights].map(([link, sight]) => {
      const free = ({ id }: { id: string }): boolean => (reserved.get(id) ?? clerkIds.get(link)) === clerkIds.get(link)
      return [link, { ...sight, candidates: sight.candidates.filter(free) }]
    }),
  )
}

/** Foresees all links of one entity. Returns how many it has looked at. */
export const foreseeLinks = async (
  foreseeing: Foreseeing,
  entity: RunEntity,
  looked: (links: number) => Promise<void>,
): Promise<number> => {
  const { tools, run, rules } = foreseeing
  const { db, clock, signal } = tools
  const asOf = clock.now()
  let count = 0
  for (let after: number | undefined = 0; after !== undefined; ) {
    signal.throwIfAborted()
    const links: Claim[] = await readLinks(db.query, entity, { after, now: clock.now(), limit: linksAtOnce })
    after = links.length === linksAtOnce ? links.at(-1)?.linkId : undefined
    const batch = await planBatch(db.query, entity, links, rules, { beyond: tiers.live, planId: run.id })
    const open = batch.filter(({ claim }) => claim.salesforceId === null)
    const sights = await unreserved(db.query, entity, open, await sightsOf(foreseeing, entity, open, asOf))
    const drafts = batch.flatMap((planned) => {
      const sight = sightOf(planned, sights.get(planned.claim.linkId), asOf)
      const plan = planned.plan(sight)
      const kind = kindOf(planned.claim, plan)
      return kind ? [{ planned, plan, kind, sight }] : []
    })
    const references = drafts.flatMap(({ plan }) => referencesIn(plan))
    const adopted = drafts.flatMap(({ planned: { claim }, plan }) => adoptedBy(claim, plan) ?? [])
    await db.transaction(async (query) => {
      const owners = await readOwners(query, [...references, ...adopted], run.id)
      const rows = drafts.map(({ planned: { claim }, plan, kind, sight }): Foreseen => {
        const held =
          sight?.salesforce.state === 'present'
            ? sight.salesforce.fields
            : sight?.candidates.find(({ id }) => id === recordOf(claim, plan))?.fields
        const isMade = recordOf(claim, plan) === newId(claim.clerkId) && kind === 'update'
        const adopts = adoptedBy(claim, plan)
        const rival = adopts === undefined ? undefined : owners.get(adopts)
        if (adopts !== undefined && rival === undefined) owners.set(adopts, claim.clerkId)
        return {
          linkId: claim.linkId,
          kind: isMade ? 'create' : kind,
          salesforceId: recordOf(claim, plan),
          accountId: entity === 'person' ? accountOf(plan, held) : null,
          flags: rival === undefined ? flagsOf(claim, plan) : [...flagsOf(claim, plan), 'ambiguous'],
          reason: isMade
            ? 'Salesforce makes the relation with the Contact; it gets our key'
            : `${reasonOf(plan)}${rival === undefined ? '' : `; but ${rival} is planned for it as well: say which (clerkforce link), or whoever comes second is left alone`}`,
          fields: fieldsOf(plan),
          print: printOf(entity, plan, (id) => owners.get(id) ?? id),
        }
      })
      await storePlanned(query, run.id, entity, rows)
    })
    count += links.length
    await looked(count)
  }
  return count
}
