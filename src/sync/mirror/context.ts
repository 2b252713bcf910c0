/** Reads what plan needs for one batch of claims: a handful of statements for the whole batch, never one for each record. */
import type { Query } from '../../db/database.ts'
import type { Body, ClerkMembership, Fields, MirrorRecord, SalesforceState } from '../../model/model.ts'
import { type Claim, tiers } from './dirty.ts'
import { readForeseen } from './planned.ts'

/** A Clerk record; a membership names its person and organization. */
export type ClerkRow = MirrorRecord & { personId: string | null; organizationId: string | null }

const clerkRecords = `
  select id, body, version, deleted_at as "deletedAt", person_id as "personId", organization_id as "organizationId"
  from clerkforce.record where side = 'clerk' and entity = $1 and id = any($2)`

/** Clerk's records by id. */
export const readClerk = async (query: Query, claims: readonly Claim[]): Promise<Map<string, ClerkRow>> => {
  const [first] = claims
  if (!first) return new Map()
  const rows = await query<ClerkRow>(clerkRecords, [first.entity, claims.map((one) => one.clerkId)])
  return new Map(rows.map((row) => [row.id, row]))
}

/** What we remember of the Salesforce records that claims are linked to; a claim that asks to look remembers nothing. */
export const readSalesforce = async (query: Query, claims: readonly Claim[]): Promise<Map<number, SalesforceState>> => {
  const states = new Map<number, SalesforceState>(claims.map(({ linkId }) => [linkId, { state: 'unseen' }]))
  const known = claims.filter((one) => one.salesforceId !== null && !one.look)
  const [first] = known
  if (!first) return states
  const rows = await query<{ id: string; body: Fields; version: number; deletedAt: number | null }>(
    `select id, body, version, deleted_at as "deletedAt" from clerkforce.record where side = 'salesforce' and entity = $1 and id = any($2)`,
    [first.entity, known.map((one) => one.salesforceId)],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  for (const { linkId, salesforceId } of known) {
    const row = byId.get(salesforceId ?? '')
    if (!row) continue
    states.set(
      linkId,
      row.deletedAt === null
        ? { state: 'present', id: row.id, fields: row.body, version: row.version }
        : { state: 'absent', id: row.id },
    )
  }
  return states
}

// `offset 0` keeps this one look by index for each person. As `person_id = any($1)`, and before the table had statistics, the planner took
// a thousand people for most of the table and read it all.
const memberships = `
  select r.* from unnest($1::text[]) as wanted(id), lateral (
    select id, body, version, deleted_at as "deletedAt", person_id as "personId", organization_id as "organizationId"
    from clerkforce.record where person_id = wanted.id offset 0) r`

/** All memberships that Clerk ever showed of these people; only they have a person_id. */
export const readMemberships = async (
  query: Query,
  personIds: readonly string[],
): Promise<Map<string, ClerkMembership[]>> => {
  const rows = await query<ClerkMembership>(memberships, [[...new Set(personIds)]])
  const byPerson = new Map<string, ClerkMembership[]>()
  for (const row of rows) {
    const list = byPerson.get(row.personId)
    if (list) list.push(row)
    else byPerson.set(row.personId, [row])
  }
  return byPerson
}

/** Which of these links are paired with a Salesforce record at this moment. */
export const readPaired = async (query: Query, linkIds: readonly number[]): Promise<number[]> => {
  const rows = await query<{ id: number }>(
    'select id from clerkforce.link where id = any($1) and salesforce_id is not null',
    [linkIds],
  )
  return rows.map(({ id }) => id)
}

/** A parent as its children see it. */
export type Parent = {
  linkId: number | undefined
  salesforceId: string | undefined
  deletedAt: number | null
  dirty: boolean
  parked: boolean
  /** The Account that a Contact is on, as last seen. */
  accountId: string | null
}

// What is only planned is nothing to wait for, but for a record that is not there yet: whoever waits for it takes it along.
// Lateral with a limit: one look by primary key for each parent, whatever the planner believes about the tables. As joins, and before the
// tables had statistics, a thousand parents of ten thousand people took nine seconds.
const parents = `
  select wanted.id, l.id as "linkId", l.salesforce_id as "salesforceId", r.deleted_at as "deletedAt",
    d.link_id is not null as dirty, l.parked_at is not null as parked,
    s.account_id as "accountId", s.deleted_at is not null as removed
  from unnest($2::text[]) as wanted(id)
  left join lateral (
    select * from clerkforce.link where entity = $1 and clerk_id = wanted.id limit 1) l on true
  left join lateral (
    select link_id from clerkforce.dirty where link_id = l.id
      and (tier < least($3, ${tiers.planned}) or (tier < $3 and l.salesforce_id is null)) limit 1) d on true
  left join lateral (
    select deleted_at from clerkforce.record where side = 'clerk' and entity = $1 and id = wanted.id limit 1) r on true
  left join lateral (
    select body ->> 'AccountId' as account_id, deleted_at from clerkforce.record
    where side = 'salesforce' and entity = $1 and id = l.salesforce_id limit 1) s on true`

type ParentRow = {
  id: string
  linkId: number | null
  salesforceId: string | null
  deletedAt: number | null
  dirty: boolean
  parked: boolean
  accountId: string | null
  removed: boolean
}

/** How parents are seen by whoever does not write. */
export type Outlook = {
  /** Parents of this tier or a later one do not count as dirty: who compares is not to wait for what comparing has marked. */
  beyond?: number
  /** The plan that foresees what will become of them. */
  planId?: number
}

/** People or organizations that others depend on, by Clerk id. */
export const readParents = async (
  query: Query,
  entity: 'person' | 'organization',
  ids: readonly string[],
  { beyond = 5, planId }: Outlook = {},
): Promise<Map<string, Parent>> => {
  const rows = await query<ParentRow>(parents, [entity, [...new Set(ids)], beyond])
  const linkIds = rows.flatMap(({ linkId }) => linkId ?? [])
  const foreseen = planId === undefined ? undefined : await readForeseen(query, planId, linkIds)
  return new Map(
    rows.map((row) => {
      const ahead = foreseen?.get(row.linkId ?? 0)
      return [
        row.id,
        {
          linkId: row.linkId ?? undefined,
          salesforceId: ahead?.salesforceId ?? (row.removed ? undefined : (row.salesforceId ?? undefined)),
          deletedAt: row.deletedAt,
          dirty: row.dirty,
          parked: ahead ? ahead.parked : row.parked,
          accountId: ahead?.accountId ?? row.accountId,
        },
      ]
    }),
  )
}

/** Whether anything was ever seen in a body: a tombstone that came first has none. */
export const isEmpty = (body: Body): boolean => Object.keys(body).length === 0
