/**
 * Follows Salesforce: by change events where the org grants them, else by asking again and again what changed.
 *
 *   hold the cursor -> stream: event -> hint + stale + replay id, one commit
 *                   \-> poll:  (SystemModstamp, Id) since the cursor -> stale + cursor
 *
 * One process of a cluster follows, whoever holds the cursor; when it dies, the lease runs out and another one goes on from the stored replay id.
 * A replay id that Salesforce no longer knows is never tried twice: the stream starts from its earliest event, and what changed since the last
 * event that we took in is asked for. Without change events (no permission, no channel, the day's deliveries used up, a Pub/Sub API that stays
 * out of reach) it polls, and tries the stream again now and then. Which of the two it is, and why, is logged and shown by `status`.
 */
import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { type ChangeEvents, EventError } from '../../salesforce/events/api.ts'
import { type Loop, startLoop } from '../loop.ts'
import { type Cursor, holdCursor, moveCursor, releaseCursors, resetCursor } from '../mirror/cursor.ts'
import type { StaleEntity } from '../mirror/stale.ts'
import { pauseMs } from '../pace/backoff.ts'
import type { PacedApi } from '../pace/paced-api.ts'
import type { Rules } from '../plan/mapping.ts'
import { askCatchUp, catchUp, findAsking, findChanged, type Seen } from './catch-up.ts'
import { CursorLostError, staleEntities, type Taken, takeEvents } from './take-events.ts'

/** `auto`: change events where the org grants them, polling otherwise. */
export type FollowMode = 'auto' | 'stream' | 'poll' | 'off'

export type FollowState = {
  /** `waiting`: for the mapping to be checked. `standby`: another process follows. */
  by: 'stream' | 'poll' | 'off' | 'waiting' | 'standby' | 'trying'
  /** Why it is not the stream, or what stands in the way. */
  detail: string
  /** When Salesforce was heard of last, in ms. */
  heardAt: number | undefined
}

export type FollowerOptions = {
  db: Database
  api: PacedApi
  /** Undefined: only polling. */
  events: ChangeEvents | undefined
  mode: FollowMode
  /** Such as `Clerk_Sync__chn`. */
  channel: string
  pollMs: number
  /** Our own user, as the login names it. */
  userId: () => Promise<string | undefined>
  /** What our calls say in `Sforce-Call-Options`. */
  clientName: string
  /** How long what we wrote ourselves may wait to be read back. */
  echoMs: number
  rules: () => Rules | undefined
  clock: Clock
  random: () => number
  log: Log
  /** Names this process. */
  name: string
  /** Told when records were noted that are to be read back. */
  noted: (taken: Taken) => void
  /** Told when Salesforce could not be asked. */
  failed: (error: SalesforceError) => void
  /** Told when Salesforce no longer knew how far we were: what it deleted meanwhile no asking shows. */
  placeLost?: () => void
}

export type Follower = Loop & { state: () => FollowState }

const cursorName = 'salesforce'
const leaseMs = 30_000
const minute = 60_000
const hour = 60 * minute
/** How long to poll before the stream is tried again, by why it ended. */
const streamAgainMs = {
  forbidden: 15 * minute,
  missing: 15 * minute,
  refused: 15 * minute,
  allowance: hour,
  outage: minute,
}
/** An outage of the stream that lasts as long is polled over: the way to its port may be closed for good, while the REST API answers. */
const patienceMs = minute

type Stay = keyof typeof streamAgainMs
const isStay = (kind: string): kind is Stay => kind in streamAgainMs

/** Without Contacts to Multiple Accounts there are no relations to ask for. */
const followed = ({ relations }: Rules): StaleEntity[] =>
  staleEntities.filter((entity) => entity !== 'membership' || relations)

export const startFollower = (options: FollowerOptions): Follower => {
  const { db, api, events, mode, channel, pollMs, rules, clock, random, log, name, noted } = options
  const { now } = clock
  const state: FollowState = { by: mode === 'off' ? 'off' : 'waiting', detail: '', heardAt: undefined }
  const ended = new AbortController()
  let streaming: AbortController | undefined
  /** The cursor is ours, and stays so between two polls that are further apart than the lease is long. */
  let holds = false
  let pollUntil = mode === 'poll' || !events ? Number.POSITIVE_INFINITY : 0
  let failures = 0
  /** Since when no stream has stood for a while, and why it did not, as was said last. */
  let troubleSince: number | undefined
  let saidCode: string | undefined
  /** Where a stream begins of which we have no place; 'earliest' once, after a place was lost. */
  let startAt: 'latest' | 'earliest' = 'latest'
  let askedAt = Number.NEGATIVE_INFINITY
  const seen: Seen = new Map()
  const where = { stage: 'follow', side: 'salesforce' }

  const become = (by: FollowState['by'], detail: string): void => {
    if (state.by !== by || state.detail !== detail) {
      const words = { stream: 'following Salesforce by change events', poll: 'following Salesforce by polling' }
      if (by === 'stream' || by === 'poll') log.info({ ...where, ...(detail ? { reason: detail } : {}) }, words[by])
    }
    state.by = by
    state.detail = detail
  }

  const hold = async (): Promise<Cursor | undefined> => {
    const cursor = await holdCursor(db.query, cursorName, name, now(), now() + leaseMs)
    holds = cursor !== undefined
    return cursor
  }

  /** What was missed is asked for before the stream or the poll goes on; and, each hour, who asks for something in Clerk. */
  const recover = async (current: Rules): Promise<void> => {
    let found = await catchUp({ db, api, now }, followed(current))
    if (now() - askedAt > hour) {
      found += await findAsking({ db, api, now }, current)
      askedAt = now()
    }
    if (found > 0) noted({ events: 0, repeated: 0, skipped: 0, records: found, vague: 0 })
  }

  const follow = async (source: ChangeEvents, cursor: Cursor): Promise<void> => {
    const topic = `/data/${channel}`
    await source.check(topic)
    const since = cursor.reached ?? now()
    if (cursor.reached === null) await moveCursor(db.query, cursorName, name, { reached: since })
    // From here on, or from where we were: what the stream does not bring is asked for.
    let opening = cursor.replayId === null
    if (opening) await missed(since)
    let reached: number | null = since
    const stopped = new AbortController()
    streaming = stopped
    const signal = AbortSignal.any([stopped.signal, ended.signal])
    become('stream', '')
    const openedAt = now()
    // Not awaited: the stream is to be open while what came before is asked for.
    let recovering = recoverNow()
    try {
      await source.follow({
        topic,
        from: cursor.replayId ?? startAt,
        signal,
        take: async (batch) => {
          const current = rules()
          if (!current) throw new CursorLostError('the mapping does not fit any more')
          // Only now it is known to be open. What changed after we asked and before is in neither answer: ask again.
          const again = opening
          if (opening) await missed(since)
          opening = false
          startAt = 'latest'
          const taken = await takeEvents(db, batch, {
            name: cursorName,
            holder: name,
            rules: current,
            own: { userId: await options.userId(), client: options.clientName, echoMs: options.echoMs },
            reached,
            now: now(),
          })
          for (const { committedAt } of batch.hints) reached = Math.max(reached ?? 0, committedAt)
          state.heardAt = now()
          failures = 0
          troubleSince = undefined
          noted(taken)
          if (again || taken.vague > 0) recovering = recovering.then(recoverNow)
        },
      })
    } finally {
      streaming = undefined
      if (now() - openedAt >= patienceMs) troubleSince = undefined
      await recovering
    }
  }

  const recoverNow = async (): Promise<void> => {
    const current = rules()
    try {
      if (current) await recover(current)
    } catch (error) {
      askedAt = Number.NEGATIVE_INFINITY
      if (error instanceof SalesforceError) options.failed(error)
      else log.error({ ...where, err: error }, 'what changed in Salesforce could not be asked for')
    }
  }

  const missed = async (since: number): Promise<void> => {
    for (const entity of staleEntities) await askCatchUp(db.query, entity, since)
  }

  const lost = async (error: EventError, cursor: Cursor): Promise<number> => {
    const fields = { ...where, code: error.code }
    if (error.kind === 'replay-id' && cursor.replayId) {
      log.warn(
        fields,
        'Salesforce no longer knows how far we were: what changed since is asked for, and the stream starts anew',
      )
      await missed(cursor.reached ?? now() - 72 * hour)
      await resetCursor(db.query, cursorName)
      startAt = 'earliest'
      options.placeLost?.()
      return 0
    }
    troubleSince ??= now()
    const stays = error.kind !== 'outage' || now() - troubleSince >= patienceMs
    if (isStay(error.kind) && stays && mode === 'auto') {
      // What is polled meanwhile need not be delivered again: it would use the allowance up at once.
      if (error.kind === 'allowance') await resetCursor(db.query, cursorName)
      pollUntil = now() + streamAgainMs[error.kind]
      state.detail = error.message
      return 0
    }
    const waitMs = pauseMs(failures++, random, 1_000)
    const words = 'the stream of change events ended; it is opened again'
    // The whole of it once; a try that ends as the one before says no more than that.
    if (state.by === 'trying' && saidCode === error.code) log.debug(fields, words)
    else if (error.kind === 'outage') log.info({ ...fields, reason: error.message }, words)
    else log.warn({ ...fields, reason: error.message }, words)
    saidCode = error.code
    become('trying', error.message)
    return waitMs
  }

  const poll = async (cursor: Cursor, current: Rules): Promise<number> => {
    if (cursor.reached === null) await moveCursor(db.query, cursorName, name, { reached: now() })
    become('poll', mode === 'poll' ? '' : state.detail)
    const since = new Map(followed(current).map((one) => [one, cursor.reached ?? now()]))
    await recover(current)
    const { found, reached } = await findChanged({ db, api, now }, since, seen)
    if (reached > 0) await moveCursor(db.query, cursorName, name, { reached })
    state.heardAt = now()
    if (found > 0) noted({ events: 0, repeated: 0, skipped: 0, records: found, vague: 0 })
    return pollMs
  }

  const step = async (): Promise<number> => {
    if (mode === 'off') return hour
    const current = rules()
    if (!current) {
      holds = false
      become('waiting', 'for the mapping to be checked')
      return 200
    }
    const cursor = await hold()
    if (!cursor) {
      become('standby', 'another process follows Salesforce')
      return leaseMs / 3
    }
    try {
      if (!events || now() < pollUntil) return await poll(cursor, current)
      await follow(events, cursor)
      return 0
    } catch (error) {
      if (error instanceof EventError) return lost(error, cursor)
      if (error instanceof CursorLostError) return 1_000
      if (!(error instanceof SalesforceError)) throw error
      options.failed(error)
      return pauseMs(failures++, random, 1_000)
    }
  }

  const loop = startLoop({
    clock,
    step,
    failed: (error) => log.error({ ...where, err: error }, 'Salesforce could not be followed; it is tried again'),
  })
  const holding = startLoop({
    clock,
    step: async () => {
      if (holds && !(await hold())) streaming?.abort()
      // A stream that goes on for days asks each hour all the same.
      if (streaming && now() - askedAt > hour) await recoverNow()
      return leaseMs / 3
    },
    failed: (error) => log.warn({ ...where, err: error }, 'the hold on the cursor could not be prolonged'),
  })
  return {
    wake: loop.wake,
    state: () => ({ ...state }),
    stop: async () => {
      ended.abort()
      await Promise.all([loop.stop(), holding.stop()])
      await releaseCursors(db.query, name).catch(() => undefined)
    },
  }
}
