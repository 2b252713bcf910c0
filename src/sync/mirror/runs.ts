/** Runs over everything: backfill and reconcile. One of a kind at a time, worked on by one process under a lease. */
import type { Database, Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Entity, Side } from '../../model/model.ts'
import { dropCandidates } from './candidates.ts'
import { type Tier, tiers } from './dirty.ts'
import type { ApplyOutcome } from './expected.ts'
import type { PlannedCounts } from './planned.ts'

export const runKinds: readonly ['backfill', 'reconcile', 'plan', 'apply'] = [
  'backfill',
  'reconcile',
  'plan',
  'apply',
] as const
export type RunKind = (typeof runKinds)[number]
export type RunEntity = Exclude<Entity, 'invitation'>

/** All that a run may go over, parents first. */
export const runEntities: readonly RunEntity[] = ['organization', 'person', 'membership']

/** `loading`: what is to be applied is still being told. `asking`: for a person to accept deletions. `stopped`: another one took its place. */
export type RunState = 'loading' | 'scanning' | 'working' | 'asking' | 'done' | 'failed' | 'stopped'

export type RunOptions = {
  entities: readonly RunEntity[]
  /** A person said that so many records of Clerk may be gone. */
  acceptDeletions?: number
  /** Of an apply: the mapping that it was planned with, and the file that it comes from, each as a digest. */
  mapping?: string
  file?: string
}

/** How far one scan has come. */
export type ScanProgress = {
  read: number
  /** What the side itself counts, where it says so. */
  counted?: number
  done?: boolean
  /** To go on from; in the form of whoever scans. */
  position?: unknown
}

export type Progress = { readonly [scan: string]: ScanProgress }

/** Counts, and why it ended otherwise than well. */
export type RunResult = {
  /** Links that the engine had to work off. */
  marked?: number
  /** Differences by class. */
  drift?: Readonly<Record<string, number>>
  /** Differences that were left for the next run, for there were more than are repaired in one. */
  deferred?: number
  /** Records that Clerk no longer has, by entity: known, and gone. */
  deletions?: Readonly<Record<string, { known: number; gone: number; allowed: number }>>
  /** Of a plan: what applying it would do, and take. */
  planned?: PlannedCounts
  cost?: Cost
  /** A digest of the mapping that it was planned with. */
  mapping?: string
  /** Of an apply: what came of the records of the plan, and how many of them are not known here. */
  applied?: Partial<Record<ApplyOutcome, number>>
  unknown?: number
  /** Links that were parked while the run was on. */
  parked?: number
  code?: string
  reason?: string
}

export type Run = {
  id: number
  kind: RunKind
  options: RunOptions
  state: RunState
  /** The last rank that the engine may work off; -1 while none. */
  released: number
  askedAt: number
  startedAt: number | null
  workedAt: number | null
  finishedAt: number | null
  progress: Progress
  result: RunResult
  /** What it waits for, as whoever works on it says; null while it goes on. */
  waits: RunWaits | null
}

/** `lasting`: it will not end by itself. */
export type RunWaits = { for: Side | 'mapping'; why: string; lasting: boolean }

export const scanName = (side: Side, entity: RunEntity): string => `${side}/${entity}`

/** The tier of what a run finds. */
export const tierOf: Readonly<Record<RunKind, Tier>> = {
  backfill: tiers.backfill,
  apply: tiers.backfill,
  reconcile: tiers.reconcile,
  plan: tiers.planned,
}

/** What applying a plan would take. */
export type Cost = {
  salesforceCalls: number
  /** Calls that the org has left today, for everybody; null where Salesforce does not say. */
  salesforceLeft: number | null
  /** Requests to Clerk that write; reading it again, page by page, comes on top. */
  clerkWrites: number
  seconds: number
  /** Records a second that `seconds` counts with, and whether they were measured by an earlier run or are assumed. */
  rate: number
  measured: boolean
}

const columns = `id, kind, options, state, released, asked_at as "askedAt", started_at as "startedAt", worked_at as "workedAt",
  finished_at as "finishedAt", progress, result, waits`

const openRun = async (query: Query, kind: RunKind): Promise<Run | undefined> => {
  const [run] = await query<Run>(
    `select ${columns} from clerkforce.run where kind = $1 and finished_at is null for update`,
    [kind],
  )
  return run
}

/**
 * Asks for a run. One that is under way is joined; one that waits for a person goes on where the deletions are accepted now, and makes room for
 * a new one otherwise.
 */
export const askRun = async (query: Query, kind: RunKind, options: RunOptions, now: number): Promise<Run> => {
  const open = await openRun(query, kind)
  if (open && open.state !== 'asking') return open
  if (open && options.acceptDeletions !== undefined) {
    const [run] = await query<Run>(
      `update clerkforce.run set state = 'scanning', options = options || $2::jsonb where id = $1 returning ${columns}`,
      [open.id, toJsonb({ acceptDeletions: options.acceptDeletions })],
    )
    if (run) return run
  }
  if (open) await endRun(query, open.id, 'stopped', {}, now)
  const [run] = await query<Run>(
    `insert into clerkforce.run (kind, tier, options, state, asked_at) values ($1, $4, $2, $5, $3)
     on conflict (kind) where finished_at is null do nothing returning ${columns}`,
    [kind, toJsonb(options), now, tierOf[kind], kind === 'apply' ? 'loading' : 'scanning'],
  )
  // Somebody else asked in the same moment.
  return run ?? askRun(query, kind, options, now)
}

/** Stops an apply that was opened and never set going: whoever told it of its records is gone. */
export const dropUnbegun = async (query: Query, now: number): Promise<void> => {
  await query(
    `with dropped as (
       update clerkforce.run set state = 'stopped', finished_at = $1 where kind = 'apply' and state = 'loading' returning id)
     delete from clerkforce.expected where run_id in (select id from dropped)`,
    [now],
  )
}

/** Everything that is to be applied has been told. */
export const beginApply = async (query: Query, id: number, result: RunResult): Promise<void> => {
  await query(
    `update clerkforce.run set state = 'scanning', result = result || $2::jsonb where id = $1 and state = 'loading'`,
    [id, toJsonb(result)],
  )
}

/**
 * What there was of a kind since a time: whether one was asked for, and whether one that has not failed; and whether anything was brought into
 * agreement before that time at all. An apply counts once nothing is left that was planned and not said yes to: a reconcile would write it.
 */
export const readRuns = async (
  query: Query,
  kind: RunKind,
  since: number,
): Promise<{ asked: boolean; standing: boolean; begunBefore: boolean }> => {
  const [row] = await query<{ asked: boolean; standing: boolean; begunBefore: boolean }>(
    `select exists (select 1 from clerkforce.run where kind = $1 and asked_at >= $2) as asked,
       exists (select 1 from clerkforce.run where kind = $1 and asked_at >= $2 and state <> 'failed') as standing,
       exists (select 1 from clerkforce.run where state = 'done' and finished_at < $2 and (kind in ('backfill', 'reconcile')
         or (kind = 'apply' and not exists (
           select 1 from unnest(array[0, 1, 2, 3]) as rank(rank), lateral (
             select 1 from clerkforce.dirty d where d.rank = rank.rank and d.tier = ${tiers.planned} limit 1) one)))) as "begunBefore"`,
    [kind, since],
  )
  return row ?? { asked: false, standing: false, begunBefore: false }
}

/** Runs, newest first, before one of them. */
export const listRuns = (query: Query, before: number | undefined, limit: number): Promise<Run[]> =>
  query<Run>(`select ${columns} from clerkforce.run where id < coalesce($1, id + 1) order by id desc limit $2`, [
    before ?? null,
    limit,
  ])

/** Of each kind the run under way and the last that ended, newest first. */
export const readLatestRuns = (query: Query): Promise<Run[]> =>
  query<Run>(
    `select ${columns} from clerkforce.run
     where id in (select max(id) from clerkforce.run group by kind, finished_at is null) order by id desc`,
  )

export const readRun = async (query: Query, id: number): Promise<Run | undefined> => {
  const [run] = await query<Run>(`select ${columns} from clerkforce.run where id = $1`, [id])
  return run
}

/** Takes an unfinished run of one of these kinds that nobody works on, until `until`. */
export const takeRun = async (
  query: Query,
  holder: string,
  now: number,
  until: number,
  kinds: readonly RunKind[] = runKinds,
): Promise<Run | undefined> => {
  const [run] = await query<Run>(
    `update clerkforce.run set leased_by = $1, leased_until = $3, started_at = coalesce(started_at, $2),
       waits = case when leased_by = $1 then waits end
     where id = (select id from clerkforce.run
       where finished_at is null and state not in ('asking', 'loading') and (leased_by is null or leased_by = $1 or leased_until <= $2)
         and kind = any($4)
       order by id limit 1 for update skip locked)
     returning ${columns}`,
    [holder, now, until, kinds],
  )
  return run
}

/** Prolongs the hold, and says what the run waits for. False: another process has it. */
export const holdRun = async (
  query: Query,
  id: number,
  holder: string,
  until: number,
  waits: RunWaits | undefined,
): Promise<boolean> => {
  const rows = await query(
    `update clerkforce.run set leased_until = $3, waits = $4::jsonb
     where id = $1 and leased_by = $2 and finished_at is null returning 1`,
    [id, holder, until, waits ? toJsonb(waits) : null],
  )
  return rows.length > 0
}

/** The run is not ours any more: what we would store might be stored a second time. */
export class RunLostError extends Error {
  override readonly name: string = 'RunLostError'
}

/** Stores how far a scan has come, in the transaction that stores what it has found. @throws RunLostError */
export const moveRun = async (
  query: Query,
  run: Pick<Run, 'id'>,
  holder: string,
  scan: string,
  progress: ScanProgress,
): Promise<void> => {
  const rows = await query(
    `update clerkforce.run set progress = progress || jsonb_build_object($3::text, $4::jsonb)
     where id = $1 and leased_by = $2 and finished_at is null returning 1`,
    [run.id, holder, scan, toJsonb(progress)],
  )
  if (rows.length === 0) throw new RunLostError(`run ${run.id} is worked on by another process`)
}

/** Everything has been scanned: now the engine works off what was found. */
export const beginWork = async (query: Query, id: number, result: RunResult, now: number): Promise<void> => {
  await query(
    `update clerkforce.run set state = 'working', worked_at = $3, result = result || $2::jsonb where id = $1 and finished_at is null`,
    [id, toJsonb(result), now],
  )
}

/** Records a second of the last run that had many to write; undefined where there was none. */
export const readPaceOfRuns = async (query: Query): Promise<number | undefined> => {
  const [row] = await query<{ rate: number }>(
    `select ((result ->> 'marked')::bigint * 1000 / greatest(1, finished_at - worked_at))::integer as rate from clerkforce.run
     where state = 'done' and kind in ('backfill', 'apply') and (result ->> 'marked')::bigint >= 1000 order by id desc limit 1`,
  )
  return row && Math.max(1, row.rate)
}

/** Lets the engine work off another rank. */
export const releaseRank = async (query: Query, id: number, rank: number): Promise<void> => {
  await query('update clerkforce.run set released = $2 where id = $1', [id, rank])
}

/** A person has to say whether to go on. */
export const beginAsking = async (query: Query, id: number, result: RunResult): Promise<void> => {
  await query(
    `update clerkforce.run set state = 'asking', result = result || $2::jsonb, leased_by = null, leased_until = 0 where id = $1`,
    [id, toJsonb(result)],
  )
}

export const endRun = async (
  query: Query,
  id: number,
  state: 'done' | 'failed' | 'stopped',
  result: RunResult,
  now: number,
): Promise<void> => {
  await query(
    `update clerkforce.run set state = $2, result = result || $3::jsonb, finished_at = $4, waits = null, leased_by = null, leased_until = 0
     where id = $1 and finished_at is null`,
    [id, state, toJsonb(result), now],
  )
  await query('delete from clerkforce.sighted where run_id = $1', [id])
  // What an apply has not come to is not written by itself any more, and expected no longer: a later backfill is nobody's plan.
  await query(
    `update clerkforce.dirty set tier = ${tiers.planned} where link_id = any (array(
       select d.link_id from clerkforce.expected e join clerkforce.dirty d on d.link_id = e.link_id
       where e.run_id = $1 and e.outcome is null and d.tier = ${tiers.backfill} and d.leased_by is null
       order by d.rank, d.link_id for update of d))`,
    [id],
  )
  await query('delete from clerkforce.expected where run_id = $1 and outcome is null', [id])
  await dropCandidates(query, id)
}

/** Ends a run with all that is kept for it: at once, or a process that dies in between would leave what people's records looked like for good. */
export const concludeRun = (
  db: Database,
  id: number,
  state: 'done' | 'failed',
  result: RunResult,
  now: number,
): Promise<void> => db.transaction((query) => endRun(query, id, state, result, now), { patient: true })

/** Lets another process take them at once: the runs of one holder, or of all. */
export const releaseRuns = async (query: Query, holder?: string): Promise<void> => {
  await query(
    `update clerkforce.run set leased_by = null, leased_until = 0, waits = null
     where leased_by is not null and leased_by = coalesce($1, leased_by)`,
    [holder ?? null],
  )
}

/** Removes runs that ended before, and what they found. */
export const pruneRuns = async (query: Query, before: number): Promise<number> => {
  const rows = await query<{ id: number }>('delete from clerkforce.run where finished_at < $1 returning id', [before])
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0)
    for (const table of ['drift', 'planned', 'expected', 'sighted'])
      await query(`delete from clerkforce.${table} where run_id = any($1)`, [ids])
  return rows.length
}

// A child of a parked parent comes again and again until a person has dealt with the parent: no run waits for that.
const movable = `
  not exists (select 1 from clerkforce.link p where p.id = d.waits_for and p.parked_at is not null)
  and not exists (
    select 1 from clerkforce.dirty p where p.link_id = d.waits_for and (p.tier = ${tiers.planned}
      or exists (select 1 from clerkforce.dirty g where g.link_id = p.waits_for and g.tier = ${tiers.planned})))`
// Rank by rank: by `dirty_due`.
const left = `
  select coalesce(sum(one.count), 0)::bigint as count from unnest(array[0, 1, 2, 3]) as rank(rank), lateral (
    select count(*) as count from clerkforce.dirty d where d.rank = rank.rank and d.tier = $1 and ${movable}) one
  where rank.rank <= $2`

// Asked twice a second, and so only until one is found.
const someLeft = `
  select exists (
    select 1 from unnest(array[0, 1, 2, 3]) as rank(rank), lateral (
      select 1 from clerkforce.dirty d where d.rank = rank.rank and d.tier = $1 and ${movable}
      order by d.rank, d.tier, d.due_at / 60000 limit 1) one
    where rank.rank <= $2) as some`

/** Whether the engine still has to work off links of a run, up to a rank. */
export const isLeft = async (query: Query, kind: RunKind, rank: number): Promise<boolean> => {
  const [row] = await query<{ some: boolean }>(someLeft, [tierOf[kind], rank])
  return row?.some ?? false
}

/** How many links of a run the engine still has to work off, up to a rank. */
export const countLeft = async (query: Query, kind: RunKind, rank = 3): Promise<number> => {
  const [row] = await query<{ count: number }>(left, [tierOf[kind], rank])
  return row?.count ?? 0
}

/** How many links were parked since. */
export const countParkedSince = async (query: Query, since: number): Promise<number> => {
  const [row] = await query<{ count: number }>('select count(*) as count from clerkforce.link where parked_at >= $1', [
    since,
  ])
  return row?.count ?? 0
}
