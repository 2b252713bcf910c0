import { SalesforceError } from '../../salesforce/api.ts'
import { SIDE_BLOCKED } from '../pace/paced-api.ts'

/** So many records refused alone, one after the other and with one code, and none accepted: it is not the records. */
const enough = 5

export type Breaker<One> = {
  /** A request was accepted: what is refused beside it is refused for its own sake. */
  passed: () => void
  /** One was refused all alone. Returns what everybody fails with, once it is clear that it is everybody. */
  refused: (one: One, error: SalesforceError) => SalesforceError | undefined
  /** Those refused alone; `everybody` where it was not their fault. */
  verdict: () => { one: One; error: SalesforceError; everybody: SalesforceError | undefined }[]
}

/** What is remembered from batch to batch: how many were refused alone since the last one that was accepted. */
export type Streak = { code: string; length: number }
export const newStreak = (): Streak => ({ code: '', length: 0 })

/**
 * Tells a refusal that is about single records from one that is about all of them (a right taken away, a proxy in the way): the first
 * parks them, the second blocks the side and parks nobody more, and is not paid for by bisecting a thousand records.
 */
export const createBreaker = <One>(streak: Streak): Breaker<One> => {
  const alone: { one: One; error: SalesforceError }[] = []
  const everybody = (): SalesforceError | undefined => {
    const last = alone.at(-1)
    if (!last || streak.length < enough) return undefined
    return new SalesforceError('refused', SIDE_BLOCKED, `${last.error.code}: ${last.error.message}`)
  }
  return {
    passed: () => {
      streak.length = 0
    },
    refused: (one, error) => {
      alone.push({ one, error })
      streak.length = streak.code === error.code ? streak.length + 1 : 1
      streak.code = error.code
      return everybody()
    },
    verdict: () => alone.map((each) => ({ ...each, everybody: everybody() })),
  }
}
