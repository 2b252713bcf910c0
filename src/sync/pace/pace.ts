/**
 * The pace of one side: whether it may be called now, by how many at once, with how many records.
 *
 * - An outage pauses the whole side: after half a second, growing to a minute, one request alone tries. Nobody's attempts are used up.
 * - The day's allowance: of what the org may use in 24 hours, `share` is ours to use up at most (other programs of the org count too, because
 *   `Sforce-Limit-Info` counts the org). Every call has to be reserved first; calls under way count as used. When a tenth of our
 *   part is left, calls are spread over time, so that changes still flow, in full batches, instead of stopping dead.
 * - A slow org gets smaller batches: a call that runs 20 s counts against the org's few long-running requests.
 */
import type { Usage } from '../../salesforce/api.ts'
import { pauseMs } from './backoff.ts'

export type PauseReason = 'outage' | 'allowance' | 'auth' | 'blocked'

/** How a call ended; `lost`: it went out and no whole answer came back; `wrote`: it was to change something. */
export type CallResult = { ok: boolean; tookMs: number; lost?: boolean; wrote?: boolean }

export type Pace = {
  /** Milliseconds until a call may start; 0: now. */
  waitMs: () => number
  /** Most calls at once: one while trying whether an outage is over. */
  concurrency: () => number
  /** Most records in one call. */
  batch: () => number
  /** Nothing has failed lately, and calls need not be spread: a time for work that is not easily broken off. */
  calm: () => boolean
  /** Counts a call as used until the answer tells the real figure. False: the allowance does not permit it. */
  reserve: () => boolean
  finished: (result: CallResult) => void
  pause: (reason: PauseReason, detail: string) => void
  paused: () => { reason: PauseReason; detail: string; until: number } | undefined
  /** Since when the side has not done what was asked of it, however often it was tried; an allowance that is used up is no such time. */
  awaySince: () => number | undefined
  /** The allowance was used up, and it is time to ask whether there is some again: only an answer can tell. */
  mustAsk: () => boolean
  /** Told when it has been asked: goes on, or waits again. */
  asked: () => void
}

export type PaceOptions = {
  now: () => number
  random: () => number
  usage: () => Usage | undefined
  /** Share of the day's allowance that may be used, 0 to 1. */
  share: number
  concurrency: number
  batch: number
  /** Told when the side is paused for a reason that it was not paused for already, and when it answers again. */
  told?: (state: PauseReason | 'answering', detail: string) => void
}

const slowMs = 10_000
const checkAllowanceMs = 15 * 60_000
/** Calls kept back below our limit for what needs no leave: asking each 15 minutes whether the allowance has grown again, and each hour for the org's fields. */
const keptBack = 200

export const createPace = ({
  now,
  random,
  usage,
  share,
  concurrency,
  batch,
  told = () => undefined,
}: PaceOptions): Pace => {
  let pausedUntil = 0
  let away: number | undefined
  let state: PauseReason | 'answering' = 'answering'
  let detail = ''
  let failures = 0
  let underWay = 0
  let size = batch
  let lastStart = 0

  const pauseFor = (why: PauseReason, words: string, ms: number): void => {
    const news = state !== why
    away = why === 'allowance' ? undefined : (away ?? now())
    state = why
    detail = words
    pausedUntil = now() + ms
    if (news) told(why, words)
  }
  const answering = (): void => {
    if (state !== 'answering') told('answering', '')
    state = 'answering'
    away = undefined
    failures = 0
    pausedUntil = 0
  }
  /** What is left of our part, calls under way taken off; undefined before the first answer. */
  const left = (): { left: number; most: number } | undefined => {
    const known = usage()
    if (!known) return undefined
    const most = Math.floor(known.limit * share)
    return { left: most - Math.min(keptBack, Math.floor(most / 10)) - known.used - underWay, most }
  }
  const gapMs = (): number => {
    const budget = left()
    if (!budget || budget.left > budget.most / 10) return 0
    return Math.min(60_000, 86_400_000 / 10 / Math.max(1, budget.left))
  }
  return {
    waitMs: () => Math.max(0, pausedUntil - now(), underWay > 0 || lastStart === 0 ? 0 : lastStart + gapMs() - now()),
    concurrency: () => (failures > 0 || gapMs() > 0 ? 1 : concurrency),
    batch: () => size,
    calm: () => failures === 0 && gapMs() === 0,
    reserve: () => {
      const budget = left()
      if (budget && budget.left <= 0) {
        const words = `the org has used so many of its API calls today that our share (${Math.round(share * 100)} %) is reached`
        pauseFor('allowance', words, checkAllowanceMs)
        return false
      }
      underWay++
      lastStart = now()
      return true
    },
    finished: ({ ok, tookMs, lost = false, wrote = false }) => {
      underWay--
      // A record that makes Salesforce fail at every try would hold up its batch for ever: batches shrink until it is alone.
      if (lost) size = Math.max(1, Math.floor(size / 2))
      else if (tookMs > slowMs) size = Math.max(50, Math.floor(size / 2))
      else if (ok && size < batch) size = Math.min(batch, size * 2)
      // A side that refuses what we write answers questions all the same: only a write ends that.
      if (ok && (wrote || state !== 'blocked')) answering()
    },
    pause: (why, words) => {
      // Requests that fail together are one failure of the side.
      if (now() < pausedUntil && state === why) return
      const first = why === 'outage' ? 500 : 5_000
      pauseFor(why, words, why === 'allowance' ? checkAllowanceMs : pauseMs(failures, random, first))
      failures++
    },
    paused: () =>
      state !== 'answering' && now() < pausedUntil ? { reason: state, detail, until: pausedUntil } : undefined,
    awaySince: () => away,
    mustAsk: () => state === 'allowance' && now() >= pausedUntil,
    asked: () => {
      if ((left()?.left ?? 1) > 0) answering()
      else pauseFor('allowance', detail, checkAllowanceMs)
    },
  }
}
