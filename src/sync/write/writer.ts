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
 * Where scans have found so much that it pays, a batch is larger and goes by a bulk job (deliver-bulk.ts), a few jobs beside each other.
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
import {
  type Claim,
  claimDirty,
  countDue,
  dueLinks,
  giveBack,
  giveBackAll,
  jobLease,
  renewLeases,
  type Tier,
  tiers,
} from '../mirror/dirty.ts'
import type { Pace } from '../pace/pace.ts'
import { createTurns } from '../pace/turns.ts'
import type { Rules } from '../plan/mapping.ts'
import { newStreak } from './breaker.ts'
import { type Carrier, createCarrier } from './carrier.ts'
import { type Delivered, deliver } from './deliver.ts'
import { type Backlogs, deliverBulk, backlogs as usual } from './deliver-bulk.ts'
import { onlyPlanned } from './expected.ts'
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
  /** How large a backlog is written by bulk jobs, and how much of it by one. @default `backlogs` of deliver-bulk.ts */
  backlogs?: Backlogs
  /** See `DeliverOptions`. */
  readBackAt?: () => number | undefined
  delivered: (results: readonly Delivered[]) => void
}

export type Writer = Loop & Pick<Carrier, 'underWay' | 'away'>

const idleMs = 500
/** Batches that are planned or settled while as many calls as allowed are out with others. */
const lanesBeside = 3
/** Bulk jobs at once: two that Salesforce works off, and one that is planned or settled. What is known of the rows of each is held, packed. */
const mostJobs = 3
/** Where Salesforce would not have a job, the next is tried after this long. */
const jobRestMs = 15 * 60_000
/** While so many records are on their way to Clerk, no more are claimed: Clerk takes them one by one. */
const mostCarried = 1_000

/** Starts the writer. Its `stop` waits for the calls that are out, then gives back whatever is still claimed. */
export const startWriter = (options: WriterOptions): Writer => {
  const { db, api, rules, pace, clock, log, name, leaseMs, backlogs = usual } = options
  // Prolonging so many rows is work: a job is held for longer.
  const jobLeaseMs = 4 * leaseMs
  const turns = createTurns(pace.concurrency)
  const streaks = { look: newStreak(), write: newStreak() }
  const carrier = createCarrier({ ...options, now: clock.now })
  let lanes = 0
  /** Batches under way, by tier. */
  const lanesOf = new Map<Tier, number>()
  let jobsUnderWay = 0
  let jobsRestUntil = 0
  const stopping = new AbortController()
  let leases = 0
  /** Leases of claims that are at work. */
  const held = new Set<string>()
  const running = new Set<Promise<void>>()

  const lane = async (
    entity: Entity,
    current: Rules,
    lease: string,
    claims: Claim[],
    byJob: boolean,
  ): Promise<void> => {
    held.add(lease)
    const ended = () => held.delete(lease)
    const delivery = { ...options, turns, streaks, rules: current, now: clock.now }
    try {
      const jobs = byJob
        ? await deliverBulk(
            { ...delivery, backlogs, signal: stopping.signal, refused: jobRefused },
            entity,
            claims,
            lease,
          )
        : await deliver(delivery, entity, claims, lease)
      // What goes to Clerk keeps its claims, but not the lane.
      if (jobs.length > 0) track(carrier.carry(jobs).catch(failed).finally(ended))
      else ended()
    } catch (error) {
      await failed(error).finally(ended)
    }

    async function failed(error: unknown): Promise<void> {
      // A job that was broken off: what is still claimed is given back with everything else.
      if (stopping.signal.aborted && error === stopping.signal.reason) return
      // Ours or the database's: the lease is given back; what was sent is planned again from what Salesforce shows.
      log.error({ stage: 'write', entity, err: error }, 'a batch could not be delivered; it is tried again')
      await clock.sleep(1_000)
      await giveBack(db.query, lease, clock.now()).catch(() => undefined)
    }
  }

  const jobRefused = ({ code, message }: SalesforceError): void => {
    jobsRestUntil = clock.now() + jobRestMs
    log.warn(
      { stage: 'write', side: 'salesforce', code, reason: message },
      'Salesforce does not take bulk jobs now: backlogs are written by Collections for a while',
    )
  }

  /** Whether what is due is so much that it goes by a bulk job; see deliver-bulk.ts. */
  const isForJob = async (entity: Entity, tier: Tier): Promise<boolean> => {
    const now = clock.now()
    if (tier < tiers.backfill || entity === 'invitation' || now < jobsRestUntil || !pace.calm()) return false
    return (await countDue(db.query, entity, { tier, now, most: backlogs.least })) >= backlogs.least
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
      const byJob = count >= Math.min(rowsInRequest, backlogs.least) && (await isForJob(entity, tier))
      if (byJob && jobsUnderWay >= mostJobs) continue
      const lease = `${name}/${++leases}${byJob ? jobLease : ''}`
      const size = byJob ? { limit: backlogs.most, leaseMs: jobLeaseMs } : { limit: pace.batch(), leaseMs }
      const claimed = await claimDirty(db.query, entity, { ...size, now: clock.now(), lease, tier })
      const claims = await onlyPlanned(db.query, claimed, lease, clock.now())
      if (claims.length === 0) continue
      countLane(tier, 1)
      if (byJob) jobsUnderWay++
      const ended = () => {
        countLane(tier, -1)
        if (byJob) jobsUnderWay--
      }
      track(lane(entity, current, lease, claims, byJob).finally(ended))
      return 0
    }
    return idleMs
  }

  const loop = startLoop({
    clock,
    step,
    failed: (error) => log.error({ stage: 'write', err: error }, 'the dirty links could not be read'),
  })
  const renew = (forMs: number, which: (lease: string) => boolean): Loop =>
    startLoop({
      clock,
      step: async () => {
        const leases = [...held].filter(which)
        if (leases.length > 0) await renewLeases(db.query, leases, clock.now() + forMs)
        return forMs / 3
      },
      failed: (error) => log.warn({ stage: 'write', err: error }, 'leases could not be renewed'),
    })
  const isJob = (lease: string): boolean => lease.endsWith(jobLease)
  const renewals = [renew(leaseMs, (lease) => !isJob(lease)), renew(jobLeaseMs, isJob)]
  return {
    wake: loop.wake,
    underWay: () => lanes + carrier.underWay(),
    away: carrier.away,
    stop: async () => {
      stopping.abort()
      await loop.stop()
      // What is being carried to Clerk begins when its lane ends.
      while (running.size > 0) await Promise.all(running)
      await Promise.all(renewals.map((one) => one.stop()))
      await giveBackAll(db.query, `${name}/`, clock.now()).catch(() => undefined)
    },
  }
}
