/**
 * The road of a large backlog: the same as in deliver.ts, but sent by jobs of Bulk API.
 *
 *   claims -> portions: plan -> [look] ┬ what needs no write -> settle
 *                                      └ writes -> one job for each way -> results, portion by portion -> settle
 *
 * When it pays. A Composite carries 1,000 rows in a call. A job costs seven or eight calls (create, upload, hand over, results, remove, and
 * looks at whether it is done), whatever its rows: from eight thousand on it costs less, and Salesforce works it off by itself instead of
 * keeping calls open, of which an org has few that last. Salesforce cuts jobs into batches of ten thousand rows, and so are ours: a larger job
 * would save calls, and make what changes meanwhile wait for longer. Of other tiers than those of scans nothing waits at all.
 *
 * What it promises:
 * - Rows are judged as those of Collections are. What a job is no place for goes by Collections at once; where no job is to be had, the rows
 *   are given back untouched and go by Collections until jobs are tried again.
 * - Nothing is written twice as two records: creates are upserts by our key. Claims of a process that died with a job open run out, look, and
 *   find what the job has made by then; what it makes later has the same key.
 * - Portions keep transactions short, and what is held in memory small: of each row only what its end needs, packed (packed.ts).
 * - Live changes do not wait for it: they take calls of their own, and do not wait for an Account that a job holds.
 */
import type { Entity } from '../../model/model.ts'
import type { BulkApi, RowResult } from '../../salesforce/api.ts'
import type { Claim } from '../mirror/dirty.ts'
import { type PacedApi, pacedApi, pacedIngest } from '../pace/paced-api.ts'
import type { CarryJob } from './carry.ts'
import {
  conclude,
  type DeliverOptions,
  type Ended,
  endOf,
  oncePerRecord,
  prepare,
  readyOf,
  type Write,
} from './deliver.ts'
import { failedOutcome } from './outcome.ts'
import { createPacked, type Packed } from './packed.ts'
import { send, type Way, wayOf, ways } from './send.ts'
import { type BulkAnswer, type BulkTools, rowKeyOf, sendBulk } from './send-bulk.ts'

export type Backlogs = {
  /** Links of one entity and tier that are due, from which on they go by jobs; see above. */
  least: number
  /** Claims of one job: what changes of them meanwhile waits for its end. */
  most: number
}

export const backlogs: Backlogs = { least: 8_000, most: 10_000 }

/** Planned or settled in one go. */
const portionRows = 1_000
/** What waits for a job to end is packed in so many. */
const portions = 10

export type BulkDeliverOptions = Omit<DeliverOptions, 'api'> &
  Pick<BulkTools, 'clock' | 'signal' | 'refused'> & { api: PacedApi & { bulk: BulkApi }; backlogs: Backlogs }

/** What the end of a write needs to know, and no functions. */
const lean = ({ planned: { claim, changedAt, remembered, record }, plan, held }: Write): Write => ({
  planned: plan.carry
    ? { claim, changedAt, remembered, record }
    : { claim, changedAt, remembered: { state: 'unseen' }, record: undefined },
  plan,
  held,
})

/** Writes that are ready to go out, by the way they go. */
type Waiting = Readonly<Record<Way, Packed<Write, RowResult>>>

type Batch = { options: BulkDeliverOptions; api: PacedApi; entity: Entity; claims: Claim[]; lease: string }

/** Settles ends as they come in, portion by portion. */
const createSettling = ({ options, entity, lease }: Batch) => {
  const jobs: CarryJob[] = []
  let open: Ended = { done: [], results: [] }
  const settleOpen = async (): Promise<void> => {
    const portion = open
    open = { done: [], results: [] }
    if (portion.done.length > 0) jobs.push(...(await conclude(options, entity, lease, portion)))
  }
  return {
    end: async ({ done, results }: Ended): Promise<void> => {
      open.done.push(...done)
      open.results.push(...results)
      if (open.done.length >= portionRows) await settleOpen()
    },
    /** What is left to be carried to Clerk, once all have ended. */
    jobs: async (): Promise<CarryJob[]> => {
      await settleOpen()
      return jobs
    },
    settleOpen,
  }
}

type Settling = ReturnType<typeof createSettling>

/** Plans all claims; settles those that need no write. */
const planAll = async ({ options, api, entity, claims }: Batch, { end, settleOpen }: Settling): Promise<Waiting> => {
  const packed = () => createPacked<Write, RowResult>(Math.ceil(options.backlogs.most / portions))
  const waiting: Waiting = { upsert: packed(), update: packed(), delete: packed() }
  const given = new Set<string>()
  while (claims.length > 0) {
    options.signal.throwIfAborted()
    const { writes, ...planned } = await prepare(options, api, entity, claims.splice(0, portionRows))
    const { kept, done } = oncePerRecord(writes, options, given)
    for (const write of kept) {
      const way = wayOf(readyOf(write))
      waiting[way].add(rowKeyOf(entity, way, write), lean(write))
    }
    await end(planned)
    await end({ done, results: [] })
  }
  await settleOpen()
  return waiting
}

/** Sends by jobs what is enough for one, and by Collections whatever else there is. */
const sendAll = async ({ options, api, entity }: Batch, waiting: Waiting, { end }: Settling): Promise<void> => {
  const { pace, now, random, turns, streaks } = options
  const tools: BulkTools = { ...options, ingest: pacedIngest(options.api, pace, now, turns) }
  const began = now()
  let apart: Write[] = []
  const sendApart = async (): Promise<void> => {
    const writes = new Map(apart.map((write) => [write.planned.claim, write]))
    const sent = await send(api, entity, apart.map(readyOf), streaks.write)
    apart = []
    for (const answer of sent) {
      const write = writes.get(answer.ready.claim)
      if (write) await end(endOf(options, entity, write, answer, began))
    }
  }
  const setApart = async (write: Write): Promise<void> => {
    apart.push(write)
    if (apart.length >= portionRows) await sendApart()
  }
  const answered = async (write: Write, answer: BulkAnswer): Promise<void> => {
    if (!('unsent' in answer)) await end(endOf(options, entity, write, answer, began))
    else if (!answer.unsent) await setApart(write)
    else {
      const outcome = failedOutcome(write.planned.claim, answer.unsent, false, { now: now(), random })
      await end({ done: [{ outcome }], results: [] })
    }
  }
  for (const way of ways) {
    const all = waiting[way]
    if (all.count() < options.backlogs.least) for (const [write] of all.rest()) await setApart(write)
    else for await (const [write, answer] of sendBulk(tools, entity, way, all)) await answered(write, answer)
  }
  if (apart.length > 0) await sendApart()
}

/**
 * Plans, writes and settles one large batch of one entity.
 * @param claims are taken out as they are planned: a list of them is not to be held as long as the job takes
 * @returns what is left to be carried to Clerk: done with Salesforce, not yet settled.
 */
export const deliverBulk = async (
  options: BulkDeliverOptions,
  entity: Entity,
  claims: Claim[],
  lease: string,
): Promise<CarryJob[]> => {
  const api = pacedApi(options.api, options.pace, options.now, options.turns)
  const batch: Batch = { options, api, entity, claims, lease }
  const settling = createSettling(batch)
  await sendAll(batch, await planAll(batch, settling), settling)
  return settling.jobs()
}
