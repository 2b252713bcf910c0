/**
 * Row locks of Accounts, held by requests and by batches of Bulk jobs alike.
 *
 * Locks are taken one after the other in the order given, which is that of the records, as Salesforce takes them while it
 * saves. A lock that another holds is waited for, first come first served, and at most the lock wait. Two requests that
 * each hold what the other waits for would wait for ever: the one whose wait would close such a circle goes without the
 * lock at once, as the database behind Salesforce breaks a deadlock. What a request does without lies with its caller:
 * the records at that Account fail with UNABLE_TO_LOCK_ROW.
 */
import type { Clock } from '../kit/clock.ts'

export type Locks = {
  /**
   * Takes the locks of these ids for an owner, waiting at most the lock wait for each.
   * @returns the ids whose lock could not be had; undefined at once when all were free
   */
  acquire: (owner: object, ids: Iterable<string>) => Promise<ReadonlySet<string>> | undefined
  /** Lets go of everything the owner holds. */
  release: (owner: object) => void
  held: () => number
}

type Waiting = { owner: object; take: () => void }
type Lock = { owner: object; waiting: Waiting[] }

/** Locks on the given clock; none is held. */
export const createLocks = (clock: Clock, waitMs: () => number): Locks => {
  const locks = new Map<string, Lock>()
  const owned = new Map<object, Set<string>>()
  /** What each owner waits for: never more than one lock. */
  const wanted = new Map<object, string>()
  const own = (owner: object, id: string) => {
    const ids = owned.get(owner)
    if (ids) ids.add(id)
    else owned.set(owner, new Set([id]))
  }
  const tryTake = (owner: object, id: string): boolean => {
    const lock = locks.get(id)
    if (lock && lock.owner !== owner) return false
    if (!lock) locks.set(id, { owner, waiting: [] })
    own(owner, id)
    return true
  }
  /** Whether the holder of a lock waits, through whomever, for the owner itself. */
  const wouldDeadlock = (owner: object, id: string): boolean => {
    const seen = new Set<string>()
    for (let next: string | undefined = id; next !== undefined && !seen.has(next); ) {
      seen.add(next)
      const holder: object | undefined = locks.get(next)?.owner
      if (holder === owner) return true
      next = holder && wanted.get(holder)
    }
    return false
  }
  const wait = (owner: object, id: string, lock: Lock): Promise<boolean> =>
    new Promise((resolve) => {
      const stop = new AbortController()
      const entry: Waiting = {
        owner,
        take: () => {
          wanted.delete(owner)
          own(owner, id)
          stop.abort()
          resolve(true)
        },
      }
      lock.waiting.push(entry)
      wanted.set(owner, id)
      void clock.sleep(waitMs(), stop.signal).then(() => {
        const at = lock.waiting.indexOf(entry)
        if (at < 0) return
        lock.waiting.splice(at, 1)
        wanted.delete(owner)
        resolve(false)
      })
    })
  const takeInTurn = async (owner: object, ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const missed = new Set<string>()
    for (const id of ids) {
      if (tryTake(owner, id)) continue
      const lock = locks.get(id)
      if (lock && (wouldDeadlock(owner, id) || !(await wait(owner, id, lock)))) missed.add(id)
    }
    return missed
  }
  return {
    acquire: (owner, ids) => {
      const inOrder = [...new Set(ids)]
      const rest = inOrder.findIndex((id) => !tryTake(owner, id))
      return rest < 0 ? undefined : takeInTurn(owner, inOrder.slice(rest))
    },
    release: (owner) => {
      for (const id of owned.get(owner) ?? []) {
        const lock = locks.get(id)
        const next = lock?.waiting.shift()
        if (lock && next) {
          lock.owner = next.owner
          next.take()
        } else locks.delete(id)
      }
      owned.delete(owner)
    },
    held: () => locks.size,
  }
}
