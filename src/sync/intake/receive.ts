/**
 * Receives signed webhooks: verify over the raw bytes, store, answer; work comes later.
 *
 *   request -> signature -> JSON -> used type? -> one INSERT for all requests that arrived meanwhile -> 2xx
 *
 * A 2xx means: committed. Requests that come while an INSERT is out share the next one (group commit): three times as many a second
 * as one commit for each, and no slower when it is quiet. A delivery id that is there already is a conflict that does nothing.
 * If the database cannot be reached the answer is 503, so that Clerk sends it again. So it is when the INSERT takes longer than 10 s (Svix,
 * which delivers for Clerk, gives up after 15 s; what is stored after all makes the next try a repeat), and, at once, when more wait
 * than memory should hold: a database that hangs must not take the process with it.
 */

import { USED_EVENT_TYPES } from '../../clerk/event.ts'
import type { Verify } from '../../clerk/signature.ts'
import { type Clock, systemClock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import { type NewHint, storeHints } from '../mirror/inbox.ts'

export type Received =
  | { status: 200; outcome: 'stored' | 'repeated' | 'unused'; type: string }
  | { status: 400; outcome: 'missing-headers' | 'not-json'; detail: string }
  | { status: 401; outcome: 'stale' | 'bad-signature'; detail: string }
  | { status: 503; outcome: 'database-down'; detail: string }

export type Receive = (request: {
  headers: Headers | { get: (name: string) => string | null | undefined }
  body: Uint8Array
}) => Promise<Received>

type Waiting = { hint: NewHint; resolve: (fresh: boolean) => void; reject: (error: unknown) => void }

/** More rows in one statement make nothing faster and its text longer. */
const mostRows = 200
/** Minutes of any load that Clerk's limits allow; and a number of bytes that a small machine can spare. */
const mostHeld = 10_000
const mostHeldBytes = 64 * 1024 * 1024
const patienceMs = 10_000

/** Why a webhook was not stored, without the database having said anything. */
class NotStoredError extends Error {}

type GroupCommit = { db: Database; now: () => number; sleep: Clock['sleep']; stored: (rows: number) => void }

const groupCommit = ({ db, now, sleep, stored }: GroupCommit) => {
  const waiting: Waiting[] = []
  const held = { hints: 0, bytes: 0 }
  let busy = false
  /** The commit that is out takes longer than anybody waits: until it ends, nothing new is taken on. */
  let stuck = false
  const letGo = ({ hint }: Waiting): void => {
    held.hints--
    held.bytes -= hint.body.byteLength
  }
  const giveUp = (batch: readonly Waiting[]): void => {
    stuck = true
    const queued = waiting.splice(0)
    for (const { reject } of [...batch, ...queued]) reject(new NotStoredError('the database does not answer'))
    for (const one of queued) letGo(one)
  }
  // One timer for each commit, not for each webhook: thousands of them a second cost more than the hash of the bodies.
  const commitBatch = async (batch: readonly Waiting[]): Promise<void> => {
    const end = new AbortController()
    void sleep(patienceMs, end.signal).then(() => {
      if (!end.signal.aborted) giveUp(batch)
    })
    try {
      const hints = batch.map(({ hint }) => hint)
      const fresh = await storeHints(db.query, hints, now())
      for (const { hint, resolve } of batch) resolve(fresh.delete(hint.deliveryId))
      stored(batch.length)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    end.abort()
    stuck = false
  }
  const commit = async (): Promise<void> => {
    busy = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, mostRows)
      await commitBatch(batch)
      for (const one of batch) letGo(one)
    }
    busy = false
  }
  return (hint: NewHint): Promise<boolean> =>
    new Promise((resolve, reject) => {
      if (stuck) return reject(new NotStoredError('the database does not answer'))
      if (held.hints >= mostHeld || held.bytes + hint.body.byteLength > mostHeldBytes)
        return reject(new NotStoredError('too many webhooks wait for the database'))
      held.hints++
      held.bytes += hint.body.byteLength
      waiting.push({ hint, resolve, reject })
      if (!busy) void commit()
    })
}

const decoder = new TextDecoder('utf-8', { fatal: true })

const typeOf = (body: Uint8Array): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(decoder.decode(body))
    if (typeof parsed !== 'object' || parsed === null) return undefined
    const type = (parsed as { type?: unknown }).type
    return typeof type === 'string' ? type : ''
  } catch {
    return undefined
  }
}

/**
 * @param sleep measures Svix's patience, which is the real clock's.
 * @param stored called after each commit with the number of webhooks that shared it, to wake the reader.
 */
export const createReceive = ({
  db,
  verify,
  now,
  sleep = systemClock.sleep,
  stored,
}: {
  db: Database
  verify: Verify
  now: () => number
  sleep?: Clock['sleep']
  stored: (rows: number) => void
}): Receive => {
  const store = groupCommit({ db, now, sleep, stored })
  return async ({ headers, body }) => {
    const verified = verify({ headers, body, now: now() })
    if (!verified.ok) {
      const { reason, detail } = verified
      return reason === 'missing-headers'
        ? { status: 400, outcome: reason, detail }
        : { status: 401, outcome: reason, detail }
    }
    const type = typeOf(body)
    if (type === undefined) return { status: 400, outcome: 'not-json', detail: 'the body is not a JSON object' }
    if (!USED_EVENT_TYPES.has(type)) return { status: 200, outcome: 'unused', type }
    try {
      const fresh = await store({ deliveryId: verified.deliveryId, type, body })
      return { status: 200, outcome: fresh ? 'stored' : 'repeated', type }
    } catch (error) {
      return { status: 503, outcome: 'database-down', detail: describeFailure(error) }
    }
  }
}

const describeFailure = (error: unknown): string => {
  if (error instanceof NotStoredError) return error.message
  return error instanceof Error && 'code' in error ? String(error.code) : 'the insert failed'
}
