import type { Clock } from '../kit/clock.ts'

/** Row locks of Accounts, held by requests. */
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

type Lock = { owner: object; waiting: { owner: object; take: () => void }[] }

/**
 * Locks with a queue each, first come first served. Ids are taken in ascending order, so that two requests cannot wait
 * for each other; one that keeps its locks over several takes still can, and then the wait runs out, as in Salesforce.
 */
export const createLocks = (clock: Clock, waitMs: () => number): Locks => {
  const locks = new Map<string, Lock>()
  const owned = new Map<object, Set<string>>()
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
  const wait = (owner: object, id: string, lock: Lock): Promise<boolean> =>
    new Promise((resolve) => {
      const stop = new AbortController()
      const entry = {
        owner,
        take: () => {
          own(owner, id)
          stop.abort()
          resolve(true)
        },
      }
      lock.waiting.push(entry)
      void clock.sleep(waitMs(), stop.signal).then(() => {
        const at = lock.waiting.indexOf(entry)
        if (at < 0) return
        lock.waiting.splice(at, 1)
        resolve(false)
      })
    })
  const takeInTurn = async (owner: object, ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const missed = new Set<string>()
    for (const id of ids) {
      if (tryTake(owner, id)) continue
      const lock = locks.get(id)
      if (lock && !(await wait(owner, id, lock))) missed.add(id)
    }
    return missed
  }
  return {
    acquire: (owner, ids) => {
      const sorted = [...new Set(ids)].sort()
      const rest = sorted.findIndex((id) => !tryTake(owner, id))
      return rest < 0 ? undefined : takeInTurn(owner, sorted.slice(rest))
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
