import type { Clock } from '../../clock.ts'
import { type Loop, startLoop } from '../loop.ts'
import type { Pace } from '../pace/pace.ts'
import { pauseReason } from '../pace/paced-api.ts'
import type { Rules } from '../plan/mapping.ts'
import { type ReadBackOptions, readBack } from './read-back.ts'

export type BackReaderOptions = Omit<ReadBackOptions, 'rules' | 'now'> & {
  /** Undefined while the mapping has not been checked, or has problems: nothing is read back then. */
  rules: () => Rules | undefined
  pace: Pace
  clock: Clock
  failed: (error: unknown) => void
  /** Told when anything was read. */
  read: () => void
}

/** While there is nothing to read, and while Salesforce may not be asked. */
const idleMs = 500
const waitingMs = 100

/** Starts reading back what changed in Salesforce. */
export const startBackReader = ({ rules, pace, clock, failed, read, ...options }: BackReaderOptions): Loop =>
  startLoop({
    clock,
    failed,
    step: async () => {
      const current = rules()
      const wait = pace.waitMs()
      if (!current || wait > 0) return Math.max(wait, waitingMs)
      const round = await readBack({ ...options, rules: current, now: clock.now })
      const { failure } = round
      if (failure) pace.pause(pauseReason(failure), `${failure.code}: ${failure.message}`)
      if (round.read > 0) read()
      // What was noted again while it was read is due at once.
      return round.read > 0 && !failure ? 0 : idleMs
    },
  })
