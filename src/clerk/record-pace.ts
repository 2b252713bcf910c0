import { ClerkError, RECORD_PACED } from './clerk-error.ts'

/**
 * Keeps the updates of each record within what Clerk allows one record, by failing those beyond it. Unlike `Pace` it makes nobody wait:
 * a caller that cannot go on with this record has others to go on with.
 */
export type RecordPace = {
  /**
   * Sends one update of `record`.
   * @throws ClerkError of kind `rate` and code `RECORD_PACED`, with nothing sent, where the record has had its share
   */
  update: <T>(record: string, send: () => Promise<T>) => Promise<T>
  /** How many records are remembered: those updated within the last window, and no others. */
  remembered: () => number
}

export type RecordPaceOptions = {
  /** Most updates of one record in any stretch of `windowMs`. @default 10 */
  updates?: number
  /** @default 10_000 */
  windowMs?: number
  now: () => number
}

/**
 * Clerk allows 10 updates of a user, an organization or a membership in 10 s, those of fields and of metadata together
 * (https://clerk.com/docs/guides/how-clerk-works/system-limits). An update counts from the moment it is sent until one window after its
 * end: Clerk's own count lies in between, so that no delay on the way can bring two bursts too close together. What other processes
 * and the application itself write to the record is not known here; for that there is Clerk's 429.
 */
export function createRecordPace({ updates = 10, windowMs = 10_000, now }: RecordPaceOptions): RecordPace {
  const underWay = new Map<string, number>()
  /** When each record's recent updates ended; the record whose last one is oldest comes first, so that forgetting looks at no others. */
  const ended = new Map<string, number[]>()

  // A time ahead of now means that the clock was set back; holding on to it would block the record for as long.
  const counts = (at: number, time: number): boolean => at <= time && time - at < windowMs

  function forgetOld(time: number): void {
    for (const [record, ends] of ended) {
      if (counts(ends.at(-1) ?? Number.NEGATIVE_INFINITY, time)) return
      ended.delete(record)
    }
  }

  function begin(record: string): void {
    const time = now()
    forgetOld(time)
    const recent = (ended.get(record) ?? []).filter((at) => counts(at, time))
    const sending = underWay.get(record) ?? 0
    if (recent.length + sending >= updates) {
      const retryAfterMs = (recent[0] ?? time) + windowMs - time
      const words = `${record} has had ${updates} updates in ${windowMs / 1000} s, the most that Clerk allows one record`
      throw new ClerkError('rate', RECORD_PACED, words, { retryAfterMs })
    }
    underWay.set(record, sending + 1)
  }

  function end(record: string): void {
    const time = now()
    const sending = (underWay.get(record) ?? 1) - 1
    if (sending > 0) underWay.set(record, sending)
    else underWay.delete(record)
    const ends = (ended.get(record) ?? []).filter((at) => counts(at, time))
    ended.delete(record)
    ended.set(record, [...ends, time])
  }

  return {
    async update(record, send) {
      begin(record)
      try {
        return await send()
      } finally {
        end(record)
      }
    },
    remembered: () => new Set([...ended.keys(), ...underWay.keys()]).size,
  }
}
