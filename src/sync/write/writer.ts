/**
 * The writer: claims dirty links and has them delivered, several batches at a time.
 *
 *   due links -> claim (lease) -> plan -> [look] -> call -> settle
 *
 * One batch goes out as soon as there is anything to do; while it is out the next one fills. Another batch starts beside it only when
 * it is full, so that a quiet system answers at once, a busy one sends full batches, and no timer decides. A few more batches are under
 * way than calls may be out: while those wait for Salesforce, others are planned and settled. Parents go first: Accounts, then Contacts,
 * then relations.
 *
 * A batch has links of one tier. Batches of scans leave one lane free, and no batch waits to be filled for the sake of a higher tier: who signs
 * up while a backfill is on waits for the calls that are out, and not for the backfill.
 */
import type { ClerkClient } from '../../clerk/client.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { type Entity, entities } from '../../model/model.ts'
import { type SalesforceApi, SalesforceError } from '../../salesforce/api.ts'
import { type Loop, startLoop } from '../loop.ts'
import { claimDirty, dueLinks, giveBack, giveBackAll, renewLeases, type Tier, tiers } from '../mirror/dirty.ts'
import type { Pace } from '../pace/pace.ts'
import { createTurns } from '../pace/turns.ts'
import type { Rules } from '../plan/mapping.ts'
import { newStreak } from './breaker.ts'
import { type Carrier, createCarrier } from './carrier.ts'
import { type Delivered, deliver } from './deliver.ts'
import { callOrError, rowsInRequest } from './send.ts'

export type WriterOptions = {
  db: Database
  api: SalesforceApi
  /** Without it nothing is carried to Clerk. */
  clerk: ClerkClient | undefined
  /** Undefined while the mapping has not been checked, or has problems: nothing is written then. */
  rules: () => Rules | undefined
  pace: Pace
  clock: Clock
  random: () => number
  log: Log
  /** Names this process in its leases. */
  name: string
  leaseMs: number
  /** See `DeliverOptions`. */
  readBackAt?: () => number | undefined
  delivered: (results: readonly Delivered[]) => void
}

export type Writer = Loop & Pick<Carrier, 'underWay' | 'away'>

const idleMs = 500
/** Batches that are planned or settled while as many calls as allowed are out with others. */
const lanesBeside = 3
/** While so many records are on their way to Clerk, no more are claimed: Clerk takes them one by one. */
const mostCarried = 1_000

/** Starts the writer. Its `stop` waits for the calls that are out, then gives back whatever is still claimed. */
export const startWriter = (options: WriterOptions): Writer => {
  const { db, api, rules, pace, clock, log, name, leaseMs } = options
  const turns = createTurns(pace.concurrency)
  const streaks = { look: newStreak(), write: newStreak() }
  const carrier = createCarrier({ ...options, now: clock.now })
  let lanes = 0
  /** Batches under way, by tier. */
  const lanesOf = new Map<Tier, number>()
  let leases = 0
  /** Leases of claims that are at work. */
  const held = new Set<string>()
  const running = new Set<Promise<void>>()

  const lane = async (
    entity: Entity,
    current: Rules,
    lease: string,
    claims: Awaited<ReturnType<typeof claimDirty>>,
  ): Promise<void> => {
    held.add(lease)
    const ended = () => held.delete(lease)
    try {
      const jobs = await deliver({ ...options, turns, streaks, rules: current, now: clock.now }, entity, claims, lease)
      // What goes to Clerk keeps its claims, but not the lane.
      if (jobs.length > 0) track(carrier.carry(jobs).catch(failed).finally(ended))
      else ended()
    } catch (error) {
      await failed(error).finally(ended)
    }

    async function failed(error: unknown): Promise<void> {
      // Ours or the database's: the lease is given back; what was sent is planned again from what Salesforce shows.
      log.error({ stage: 'write', entity, err: error }, 'a batch could not be delivered; it is tried again')
      await clock.sleep(1_000)
      await giveBack(db.query, lease, clock.now()).catch(() => undefined)
    }
  }

  const countLane = (tier: Tier, change: 1 | -1): void => {
    lanes += change
    lanesOf.set(tier, (lanesOf.get(tier) ?? 0) + change)
  }

  const track = (work: Promise<void>): void => {
    const tracked = work.finally(() => {
      running.delete(tracked)
      loop.wake()
    })
    running.add(tracked)
  }

  const step = async (): Promise<number> => {
    const current = rules()
    if (!current) return idleMs
    const calls = pace.concurrency()
    if (carrier.underWay() >= mostCarried) return 60_000
    const mostLanes = calls > 1 ? calls + lanesBeside : 1
    if (lanes >= mostLanes) return 60_000
    const wait = pace.waitMs()
    if (wait > 0) return wait
    const due = await dueLinks(db.query, clock.now(), rowsInRequest)
    if (due.length > 0 && pace.mustAsk()) {
      const asked = await callOrError(api.limits)
      if (asked instanceof SalesforceError)
        pace.pause(asked.kind === 'allowance' ? 'allowance' : 'outage', asked.message)
      else pace.asked()
      return 0
    }
    for (const { tier, rank, count } of due) {
      const entity = entities[rank]
      const before = [...lanesOf].some(([other, running]) => other <= tier && running > 0)
      const room = tier < tiers.backfill || lanes === 0 || lanes < mostLanes - 1
      if (!entity || !room || (before && count < rowsInRequest)) continue
      const lease = `${name}/${++leases}`
      const claims = await claimDirty(db.query, entity, { limit: pace.batch(), now: clock.now(), leaseMs, lease, tier })
      if (claims.length === 0) continue
      countLane(tier, 1)
      track(lane(entity, current, lease, claims).finally(() => countLane(tier, -1)))
      return 0
    }
    return idleMs
  }

  const loop = startLoop({
    clock,
    step,
    failed: (error) => log.error({ stage: 'write', err: error }, 'the dirty links could not be read'),
  })
  const renewal = startLoop({
    clock,
    step: async () => {
      if (held.size > 0) await renewLeases(db.query, [...held], clock.now() + leaseMs)
      return leaseMs / 3
    },
    failed: (error) => log.warn({ stage: 'write', err: error }, 'leases could not be renewed'),
  })
  return {
    wake: loop.wake,
    underWay: () => lanes + carrier.underWay(),
    away: carrier.away,
    stop: async () => {
      await loop.stop()
      // What is being carried to Clerk begins when its lane ends.
      while (running.size > 0) await Promise.all(running)
      await renewal.stop()
      await giveBackAll(db.query, `${name}/`, clock.now()).catch(() => undefined)
    },
  }
}
