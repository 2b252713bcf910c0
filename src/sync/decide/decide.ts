/**
 * Decide: what a person says about pairs and values, carried out by the engine that carries out everything else.
 *
 *   link, unlink   decide.ts     a remembered decision; the link is dirty, and the planner asks the decision before it matches anything
 *   adoption       adoption.ts   who would be paired with what, without writing it anywhere
 *   undo           undo.ts       writes back what a line of the journal says was there before, if nobody has changed it since
 *   resync         resync.ts     marks the links that a changed mapping concerns
 *
 * What it promises:
 * - Nothing is decided about a record that cannot be paired: each is checked against the mirror and by one look at Salesforce, and what is wrong is
 *   said of that one alone. The others are decided.
 * - A decision takes the link away from whoever is at work on it (as an erasure does), so that no write under way brings the old pair back.
 * - The record that lost its pair loses our key first: the key can be on one record only. It keeps all else that it has.
 * - A decision is remembered for good, by id; only another decision, or our key put on another record by hand in Salesforce later, replaces it.
 * - The journal tells of each, as of any other change.
 */
import type { Database, Query } from '../../db/database.ts'
import { to18 } from '../../salesforce/record-id.ts'
import { inList } from '../../salesforce/soql.ts'
import { endHolds, type KnownDecision, putDecision, readDecisions, takeClaim } from '../mirror/decisions.ts'
import { markDirty, type Target, type Tier, tiers } from '../mirror/dirty.ts'
import type { PacedApi } from '../pace/paced-api.ts'
import type { Decision } from '../plan/decision.ts'
import { keyOf, objectOf } from '../plan/mapping.ts'

/** What is decided about a Clerk record: its Salesforce record, or null: none of those that are there, a new one is made. */
export type WantedPair = { clerkId: string; salesforceId: string | null }

/** What came of it. `refused`: why nothing was decided. */
export type DecidedPair = WantedPair & { refused: string | null }

export type DecideOptions = { db: Database; api: Pick<PacedApi, 'query'>; now: () => number }

/** What is to be unlinked is linked to nothing, or not to be unlinked. */
export class NotLinkedError extends Error {
  override readonly name: string = 'NotLinkedError'
}

type Pairable = 'person' | 'organization'

const idShapes: Readonly<Record<Pairable, { clerk: RegExp; salesforce: RegExp; names: string }>> = {
  person: { clerk: /^user_\w{1,250}$/, salesforce: /^003\w{12}(\w{3})?$/, names: 'a Contact, 003…' },
  organization: { clerk: /^org_\w{1,250}$/, salesforce: /^001\w{12}(\w{3})?$/, names: 'an Account, 001…' },
}
const pairables: readonly Pairable[] = ['person', 'organization']

const entityOf = (clerkId: string): Pairable | undefined => pairables.find((one) => idShapes[one].clerk.test(clerkId))

const shapeFault = ({ clerkId, salesforceId }: WantedPair): string | undefined => {
  const entity = entityOf(clerkId)
  if (!entity) return `${clerkId} is not the id of a user (user_…) or an organization (org_…) of Clerk`
  const { salesforce, names } = idShapes[entity]
  if (salesforceId === null || salesforce.test(salesforceId)) return undefined
  return `${salesforceId} is not the id of ${names}, which is what ${clerkId} can be linked to`
}

type Link = {
  id: number
  clerkId: string
  salesforceId: string | null
  erased: boolean
  deletedAt: number | null
}

const linksBy = (column: 'clerk_id' | 'salesforce_id'): string => `
  select l.id, l.clerk_id as "clerkId", l.salesforce_id as "salesforceId", l.erased, r.deleted_at as "deletedAt"
  from unnest($1::text[]) as kind(entity), unnest($2::text[]) as wanted(id), lateral (
    select * from clerkforce.link where entity = kind.entity and ${column} = wanted.id limit 1) l
  left join clerkforce.record r on r.side = 'clerk' and r.entity = l.entity and r.id = l.clerk_id
  where l.clerk_id is not null`

const decidedFor =
  'select clerk_id as "clerkId", salesforce_id as id from clerkforce.decision where salesforce_id = any($1)'

/** Keys by record, of the records that Salesforce shows. */
const keysInSalesforce = async (
  api: DecideOptions['api'],
  wanted: readonly WantedPair[],
): Promise<Map<string, unknown>> => {
  const soqls = pairables.flatMap((entity) => {
    const ids = wanted.flatMap(({ clerkId, salesforceId }) =>
      entityOf(clerkId) === entity ? (salesforceId ?? []) : [],
    )
    const list = (part: readonly string[]): string =>
      `SELECT Id, ${keyOf[entity]} FROM ${objectOf[entity]} WHERE Id IN ${inList(part)}`
    return Array.from({ length: Math.ceil(ids.length / idsInQuery) }, (_, i) =>
      list(ids.slice(i * idsInQuery, (i + 1) * idsInQuery)),
    )
  })
  const keys = new Map<string, unknown>()
  for (let i = 0; i < soqls.length; i += queriesInCall)
    for (const row of (await api.query(soqls.slice(i, i + queriesInCall))).flat())
      keys.set(row.Id, row[keyOf.person] ?? row[keyOf.organization] ?? null)
  return keys
}

const idsInQuery = 300
const queriesInCall = 5

/** All that a decision is checked against. */
type Known = {
  links: ReadonlyMap<string, Link>
  /** By Salesforce record: the Clerk record that it is linked to, or that a person linked it to. */
  holders: ReadonlyMap<string, string>
  keys: ReadonlyMap<string, unknown>
}

const readKnown = async ({ db, api }: DecideOptions, wanted: readonly WantedPair[]): Promise<Known> => {
  const salesforceIds = wanted.flatMap(({ salesforceId }) => salesforceId ?? [])
  const links = await db.query<Link>(linksBy('clerk_id'), [pairables, wanted.map(({ clerkId }) => clerkId)])
  const held = await db.query<Link>(linksBy('salesforce_id'), [pairables, salesforceIds])
  const decided = await db.query<{ clerkId: string; id: string }>(decidedFor, [salesforceIds])
  return {
    links: new Map(links.map((link) => [link.clerkId, link])),
    holders: new Map([
      ...decided.map(({ id, clerkId }) => [id, clerkId] as const),
      ...held.flatMap(({ salesforceId, clerkId }) => (salesforceId ? [[salesforceId, clerkId] as const] : [])),
    ]),
    keys: await keysInSalesforce(api, wanted),
  }
}

const recordFault = ({ clerkId, salesforceId }: WantedPair, known: Known): string | undefined => {
  const entity = entityOf(clerkId) ?? 'person'
  const object = objectOf[entity]
  const link = known.links.get(clerkId)
  if (!link)
    return `clerkforce has not seen ${clerkId}: is it the id of another instance? If it is there, change anything about it in Clerk, which tells of it, or run a backfill`
  if (link.erased) return `${clerkId} was erased`
  if (link.deletedAt !== null) return `${clerkId} was deleted in Clerk`
  if (link.salesforceId !== null && link.salesforceId !== salesforceId)
    return `${clerkId} is linked to ${object} ${link.salesforceId}: unlink it first (clerkforce unlink ${clerkId})`
  if (salesforceId === null) return undefined
  const holder = known.holders.get(salesforceId)
  if (holder !== undefined && holder !== clerkId)
    return `${object} ${salesforceId} is linked to ${holder}: unlink that first (clerkforce unlink ${holder})`
  if (!known.keys.has(salesforceId))
    return `Salesforce does not show ${object} ${salesforceId}: it was deleted or merged, or clerkforce's user may not see it`
  const key = known.keys.get(salesforceId)
  return typeof key === 'string' && key !== clerkId && idShapes[entity].clerk.test(key)
    ? `${object} ${salesforceId} carries the Clerk id ${key}: unlink that first, or clear ${keyOf[entity]} on it`
    : undefined
}

const journal = `
  insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result)
  values ($1, $2, 'salesforce', $3, $4, $5, '{}', 'done')`

const freeLink = `
  update clerkforce.link set salesforce_id = null, base = null, parked_at = null, parked_code = null, parked_reason = null
  where id = $1 and salesforce_id is distinct from $2`

const children: Readonly<Record<Pairable, string>> = {
  person: `select 'membership' as entity, id as "clerkId" from clerkforce.record where person_id = $1`,
  organization: `
    select 'membership' as entity, id as "clerkId" from clerkforce.record where organization_id = $1
    union select 'person', person_id from clerkforce.record where organization_id = $1`,
}

type Deciding = {
  link: Pick<Link, 'id' | 'clerkId' | 'salesforceId'>
  decision: Decision
  kind: string
  reason: string
}

/** Who it is to be is decided of a record that was only planned so far; whether it is written is for whoever says yes to the plan. */
const tierFor = async (query: Query, { id, salesforceId }: Deciding['link']): Promise<Tier> => {
  if (salesforceId !== null) return tiers.live
  const [row] = await query('select 1 from clerkforce.dirty where link_id = $1 and tier = $2', [id, tiers.planned])
  return row ? tiers.planned : tiers.live
}

/** Stores one decision, and sees to it that it is carried out. */
const decide = async (query: Query, { link, decision, kind, reason }: Deciding, now: number): Promise<void> => {
  const { id, clerkId } = link
  const entity = entityOf(clerkId) ?? 'person'
  if (decision.wanted !== 'this' || link.salesforceId !== decision.salesforceId) {
    const below = link.salesforceId === null ? [] : await query<Target>(children[entity], [clerkId])
    await markDirty(query, [{ entity, clerkId }, ...below], now, await tierFor(query, link))
    await takeClaim(query, id, now)
    await query(freeLink, [id, decision.salesforceId])
  }
  await endHolds(query, [id])
  await putDecision(query, entity, clerkId, decision, now)
  await query(journal, [now, id, kind, decision.salesforceId ?? link.salesforceId, reason])
}

const neverOf = (link: Pick<Link, 'salesforceId'>, before: KnownDecision | undefined, salesforceId: string | null) => {
  const never = link.salesforceId ?? before?.never ?? null
  return never === salesforceId ? null : never
}

/**
 * Links Clerk records to Salesforce records, or to new ones that are made. Each is checked; what cannot be is refused, alone.
 * @throws SalesforceError when Salesforce cannot be asked: then nothing was decided
 */
export const linkPairs = async (options: DecideOptions, given: readonly WantedPair[]): Promise<DecidedPair[]> => {
  const wanted = given.map((one) => ({
    ...one,
    salesforceId: one.salesforceId === null ? null : to18(one.salesforceId),
  }))
  const shaped = wanted.filter((one) => shapeFault(one) === undefined)
  const known = await readKnown(options, shaped)
  const taken = new Set<string>()
  const decided: DecidedPair[] = []
  for (const one of wanted) {
    const { clerkId, salesforceId } = one
    const twice = [clerkId, salesforceId].find((id) => id !== null && taken.has(id))
    const fault = shapeFault(one) ?? recordFault(one, known) ?? (twice && `${twice} is named twice: decide once`)
    const link = known.links.get(clerkId)
    decided.push({ clerkId, salesforceId, refused: fault ?? null })
    if (fault !== undefined || !link) continue
    taken.add(clerkId)
    if (salesforceId !== null) taken.add(salesforceId)
    const before = (await readDecisions(options.db.query, [clerkId])).get(clerkId)
    const never = neverOf(link, before, salesforceId)
    const deciding: Deciding =
      salesforceId === null
        ? {
            link,
            decision: { wanted: 'new', salesforceId, never },
            kind: 'decide',
            reason: 'a person wants a new record for it',
          }
        : { link, decision: { wanted: 'this', salesforceId, never }, kind: 'link', reason: 'a person linked it' }
    await options.db.transaction((query) => decide(query, deciding, options.now()))
  }
  return decided
}

/**
 * Takes a pair apart: the Salesforce record loses our key and keeps all else, and the Clerk record is left alone until it is linked again.
 * @param id of either side
 * @param makeNew give the Clerk record a new one in its place
 * @throws NotLinkedError
 */
export const unlinkPair = async (
  { db, now }: Pick<DecideOptions, 'db' | 'now'>,
  id: string,
  { makeNew = false }: { makeNew?: boolean | undefined } = {},
): Promise<WantedPair> => {
  const bySalesforce = pairables.some((one) => idShapes[one].salesforce.test(id))
  const key = bySalesforce ? to18(id) : id
  if (!bySalesforce && !entityOf(id))
    throw new NotLinkedError(
      `${id} is not the id of a user, an organization, a Contact or an Account: only these can be unlinked`,
    )
  const [link] = await db.query<Link>(linksBy(bySalesforce ? 'salesforce_id' : 'clerk_id'), [pairables, [key]])
  if (!link) throw new NotLinkedError(`${id} is linked to nothing that clerkforce knows of`)
  if (link.erased)
    throw new NotLinkedError(`${link.clerkId} was erased: its Contact was dealt with by the policy userErased`)
  const before = (await readDecisions(db.query, [link.clerkId])).get(link.clerkId)
  const never = neverOf(link, before, null)
  const reason = makeNew ? 'a person unlinked it, and wants a new record in its place' : 'a person unlinked it'
  const decision: Decision = { wanted: makeNew ? 'new' : 'apart', salesforceId: null, never }
  await db.transaction((query) => decide(query, { link, decision, kind: 'unlink', reason }, now()))
  return { clerkId: link.clerkId, salesforceId: link.salesforceId }
}
