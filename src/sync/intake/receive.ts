/**
 * Receives signed webhooks: verify over the raw bytes, store, answer; work comes later.
 *
 *   request -> signature -> JSON -> used type? -> one INSERT for all requests that arrived meanwhile -> 2xx
 *
 * A 2xx means: committed. Requests that come while an INSERT is out share the next one (group commit): three times as many a second
 * as one commit for each, and no slower when it is quiet. A delivery id that is there already is a conflict that does nothing.
 * If the database cannot be reached the answer is 503 and nothing is kept, so that Clerk sends it again.
 */

import { USED_EVENT_TYPES } from '../../clerk/event.ts'
import type { Verify } from '../../clerk/signature.ts'
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

const groupCommit = (db: Database, now: () => number, stored: () => void) => {
  let waiting: Waiting[] = []
  let busy = false
  const commit = async (): Promise<void> => {
    busy = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, mostRows)
      waiting = waiting.slice(mostRows)
      try {
        const fresh = await storeHints(
          db.query,
          batch.map(({ hint }) => hint),
          now(),
        )
        for (const { hint, resolve } of batch) resolve(fresh.delete(hint.deliveryId))
        stored()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    busy = false
  }
  return (hint: NewHint): Promise<boolean> =>
    new Promise((resolve, reject) => {
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
 * @param stored called after each commit that stored something, to wake the reader.
 */
export const createReceive = ({
  db,
  verify,
  now,
  stored,
}: {
  db: Database
  verify: Verify
  now: () => number
  stored: () => void
}): Receive => {
  const store = groupCommit(db, now, stored)
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
      const detail = error instanceof Error && 'code' in error ? String(error.code) : 'the insert failed'
      return { status: 503, outcome: 'database-down', detail }
    }
  }
}
