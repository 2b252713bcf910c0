/**
 * Candidates: Salesforce records that no link is paired with, as a scan has shown them. A backfill of many asks them instead of looking for each
 * thousand links; a plan has nothing else to go by. They are emptied with the run that scanned them.
 */
import type { Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Fields } from '../../model/model.ts'
import type { RunEntity } from './runs.ts'

/** `key`: the Clerk id that it carries. `match`: what it is found by. */
export type Candidate = { id: string; key: string | null; match: string | null; fields: Fields; version: number }

/** Begins a scan: what an earlier one has left is gone. */
export const beginCandidates = async (query: Query, entity: RunEntity, runId: number, now: number): Promise<void> => {
  await query('delete from clerkforce.candidate where entity = $1', [entity])
  await query(
    `insert into clerkforce.candidate_scan (entity, run_id, began_at, done) values ($1, $2, $3, false)
     on conflict (entity) do update set run_id = excluded.run_id, began_at = excluded.began_at, done = false`,
    [entity, runId, now],
  )
}

export const storeCandidates = async (
  query: Query,
  entity: RunEntity,
  candidates: readonly Candidate[],
): Promise<void> => {
  if (candidates.length === 0) return
  await query(
    `insert into clerkforce.candidate (entity, id, key, match, body, version)
     select $1, one.* from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::bigint[]) as one(id, key, match, body, version)
     where not exists (select 1 from clerkforce.link l where l.entity = $1 and l.salesforce_id = one.id)
       -- Nothing is kept of who was erased, whoever shows it.
       and not exists (select 1 from clerkforce.link l where l.entity = $1 and l.clerk_id = one.key and l.erased for share)
     on conflict do nothing`,
    [
      entity,
      candidates.map(({ id }) => id),
      candidates.map(({ key }) => key),
      candidates.map(({ match }) => match),
      candidates.map(({ fields }) => toJsonb(fields)),
      candidates.map(({ version }) => version),
    ],
  )
}

/**
 * The scan that began at `began` has come to its end: what is not among them is not there. Another one that was begun meanwhile, by a process
 * that took the run over, has emptied what this one has shown.
 */
export const endCandidates = async (query: Query, entity: RunEntity, runId: number, began: number): Promise<void> => {
  await query('update clerkforce.candidate_scan set done = true where entity = $1 and run_id = $2 and began_at = $3', [
    entity,
    runId,
    began,
  ])
}

/** Forgets what a run has scanned. */
export const dropCandidates = async (query: Query, runId: number): Promise<void> => {
  await query(
    `delete from clerkforce.candidate where entity in (select entity from clerkforce.candidate_scan where run_id = $1)`,
    [runId],
  )
  await query('delete from clerkforce.candidate_scan where run_id = $1', [runId])
}

/** When the scan of an entity that is complete began, in ms; undefined where there is none since. */
export const scannedAt = async (query: Query, entity: string, since: number): Promise<number | undefined> => {
  const [scan] = await query<{ at: number }>(
    'select began_at as at from clerkforce.candidate_scan where entity = $1 and done and began_at >= $2',
    [entity, since],
  )
  return scan?.at
}

/** Whether the candidates of an entity are those of this run, and complete. */
export const isScannedBy = async (query: Query, entity: string, runId: number): Promise<boolean> => {
  const rows = await query('select 1 from clerkforce.candidate_scan where entity = $1 and run_id = $2 and done', [
    entity,
    runId,
  ])
  return rows.length > 0
}

// Each by its own index. Who was paired since the scan is no candidate any more.
const found = `
  select c.id, c.key, c.match, c.body as fields, c.version from (
    select one.* from unnest($2::text[]) as wanted(key), lateral (
      select * from clerkforce.candidate where entity = $1 and key = wanted.key offset 0) one
    union
    select one.* from unnest($3::text[]) as wanted(match), lateral (
      select * from clerkforce.candidate where entity = $1 and match = wanted.match offset 0) one) c
  where not exists (select 1 from clerkforce.link l where l.entity = $1 and l.salesforce_id = c.id)
  order by c.id`

/** The candidates that carry one of these keys, or are found by one of these matches. */
export const findCandidates = (
  query: Query,
  entity: string,
  keys: readonly string[],
  matches: readonly string[],
): Promise<Candidate[]> => query<Candidate>(found, [entity, [...new Set(keys)], [...new Set(matches)]])
