/** Runs over everything: backfill and reconcile. One of a kind at a time, worked on by one process under a lease. */
import type { Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Entity, Side } from '../../model/model.ts'
import { type Tier, tiers } from './dirty.ts'

export type RunKind = 'backfill' | 'reconcile'
export type RunEntity = Exclude<Entity, 'invitation'>

/** All that a run may go over, parents first. */
export const runEntities: readonly RunEntity[] = ['organization', 'person', 'membership']

/** `asking`: for a person to accept deletions. `stopped`: another one took its place. */
export type RunState = 'scanning' | 'working' | 'asking' | 'done' | 'failed' | 'stopped'

export type RunOptions = {
  entities: readonly RunEntity[]
  /** A person said that so many records of Clerk may be gone. */
  acceptDeletions?: number
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
  askedAt: number
  startedAt: number | null
  workedAt: number | null
  finishedAt: number | null
  progress: Progress
  result: RunResult
}

export const scanName = (side: Side, entity: RunEntity): string => `${side}/${entity}`

/** The tier of what a run finds. */
export const tierOf: Readonly<Record<RunKind, Tier>> = { backfill: tiers.backfill, reconcile: tiers.reconcile }

const columns = `id, kind, options, state, asked_at as "askedAt", started_at as "startedAt", worked_at as "workedAt",
  finished_at as "finishedAt", progress, result`

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
    `insert into clerkforce.run (kind, options, state, asked_at) values ($1, $2, 'scanning', $3)
     on conflict (kind) where finished_at is null do nothing returning ${columns}`,
    [kind, toJsonb(options), now],
  )
  // Somebody else asked in the same moment.
  return run ?? askRun(query, kind, options, now)
}

/** Whether a run of the kind was asked for since; and whether there ever was one that ended well. */
export const readRuns = async (
  query: Query,
  kind: RunKind,
  since: number,
): Promise<{ asked: boolean; everDone: boolean }> => {
  const [row] = await query<{ asked: boolean; everDone: boolean }>(
    `select exists (select 1 from clerkforce.run where kind = $1 and asked_at >= $2) as asked,
       exists (select 1 from clerkforce.run where state = 'done') as "everDone"`,
    [kind, since],
  )
  return row ?? { asked: false, everDone: false }
}

export const readRun = async (query: Query, id: number): Promise<Run | undefined> => {
  const [run] = await query<Run>(`select ${columns} from clerkforce.run where id = $1`, [id])
  return run
}

/** Takes an unfinished run that nobody works on, until `until`. */
export const takeRun = async (query: Query, holder: string, now: number, until: number): Promise<Run | undefined> => {
  const [run] = await query<Run>(
    `update clerkforce.run set leased_by = $1, leased_until = $3, started_at = coalesce(started_at, $2)
     where id = (select id from clerkforce.run
       where finished_at is null and state <> 'asking' and (leased_by is null or leased_by = $1 or leased_until <= $2)
       order by id limit 1 for update skip locked)
     returning ${columns}`,
    [holder, now, until],
  )
  return run
}

/** Prolongs the hold. False: another process has it. */
export const holdRun = async (query: Query, id: number, holder: string, until: number): Promise<boolean> => {
  const rows = await query(
    'update clerkforce.run set leased_until = $3 where id = $1 and leased_by = $2 and finished_at is null returning 1',
    [id, holder, until],
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
    `update clerkforce.run set state = 'working', worked_at = $3, result = result || $2::jsonb where id = $1`,
    [id, toJsonb(result), now],
  )
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
    `update clerkforce.run set state = $2, result = result || $3::jsonb, finished_at = $4, leased_by = null, leased_until = 0
     where id = $1 and finished_at is null`,
    [id, state, toJsonb(result), now],
  )
  await query('delete from clerkforce.sighted where run_id = $1', [id])
}

/** Lets another process take them at once: the runs of one holder, or of all. */
export const releaseRuns = async (query: Query, holder?: string): Promise<void> => {
  await query(
    `update clerkforce.run set leased_by = null, leased_until = 0
     where leased_by is not null and leased_by = coalesce($1, leased_by)`,
    [holder ?? null],
  )
}

/** Removes runs that ended before, and what they found. */
export const pruneRuns = async (query: Query, before: number): Promise<number> => {
  const rows = await query<{ id: number }>('delete from clerkforce.run where finished_at < $1 returning id', [before])
  if (rows.length > 0) await query('delete from clerkforce.drift where run_id = any($1)', [rows.map(({ id }) => id)])
  return rows.length
}

// A child of a parked parent comes again and again until a person has dealt with the parent: no run waits for that.
const left = `
  select count(*) as count from clerkforce.dirty d where d.tier = $1
    and not exists (select 1 from clerkforce.link p where p.id = d.waits_for and p.parked_at is not null)`

/** How many links of a run the engine still has to work off. */
export const countLeft = async (query: Query, kind: RunKind): Promise<number> => {
  const [row] = await query<{ count: number }>(left, [tierOf[kind]])
  return row?.count ?? 0
}

/** How many links were parked since. */
export const countParkedSince = async (query: Query, since: number): Promise<number> => {
  const [row] = await query<{ count: number }>('select count(*) as count from clerkforce.link where parked_at >= $1', [
    since,
  ])
  return row?.count ?? 0
}
