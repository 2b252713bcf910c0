import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { type SalesforceApi, SalesforceError } from '../../salesforce/api.ts'
import { type Loop, startLoop } from '../loop.ts'
import type { MappingConfig } from '../plan/mapping.ts'
import { type Checked, checkMapping } from './check-mapping.ts'

export type Checks = Loop & {
  /** What was found last; undefined before the org could be asked. */
  checked: () => Checked | undefined
  /** Why the org could not be asked the last time; undefined when it could. */
  failure: () => SalesforceError | undefined
}

export type ChecksOptions = {
  /** Its calls count like any other. */
  api: Pick<SalesforceApi, 'describe'>
  config: MappingConfig
  clock: Clock
  log: Log
  /** Told after each check. */
  found: () => void
}

const hour = 3_600_000
/** While something is wrong: again after 15 s, then less and less often. */
const firstMs = 15_000
const mostMs = 15 * 60_000
/** While Salesforce does not answer, which costs no allowance. */
const awayMs = 500
const mostAwayMs = 15_000

/**
 * Checks the mapping against the org at the start and every hour; while something is wrong more often, in growing intervals, because each
 * check costs three calls. Waking it asks again at once, but never sooner than the interval after the last one.
 */
export const startChecks = ({ api, config, clock, log, found }: ChecksOptions): Checks => {
  let checked: Checked | undefined
  let failure: SalesforceError | undefined
  let intervalMs = firstMs
  let lastAt = Number.NEGATIVE_INFINITY
  let awayTimes = 0
  let stopped = false

  const ask = async (): Promise<'fine' | 'wrong' | 'away'> => {
    const before = checked
    try {
      checked = await checkMapping(api, config)
      failure = undefined
    } catch (error) {
      // Stopping closes the client, which cuts the question off: that is nobody's fault.
      if (stopped) return 'away'
      failure = error instanceof SalesforceError ? error : undefined
      const fields = { stage: 'check', side: 'salesforce', err: error }
      log.warn(fields, 'Salesforce could not be asked for its fields; trying again')
      return failure?.kind === 'outage' ? 'away' : 'wrong'
    }
    for (const notice of checked.notices)
      if (!before?.notices.includes(notice)) log.info({ stage: 'check', side: 'salesforce' }, notice)
    for (const problem of checked.problems)
      if (!before?.problems.includes(problem)) log.error({ stage: 'check', side: 'salesforce' }, problem)
    return checked.problems.length === 0 ? 'fine' : 'wrong'
  }

  const loop = startLoop({
    clock,
    failed: (error) => log.error({ stage: 'check', err: error }, 'the mapping could not be checked'),
    step: async () => {
      const early = lastAt + intervalMs - clock.now()
      if (early > 0) return early
      const peaceMs = clock.now() - lastAt
      lastAt = clock.now()
      const answer = await ask()
      found()
      if (answer === 'away') {
        awayTimes++
        intervalMs = Math.min(mostAwayMs, awayMs * 1.5 ** awayTimes)
        return intervalMs
      }
      awayTimes = 0
      // Woken again and again though all seems fine: the interval grows then too.
      intervalMs = peaceMs >= hour ? firstMs : Math.min(mostMs, Math.max(firstMs, intervalMs * 2))
      return answer === 'fine' ? hour : intervalMs
    },
  })
  return {
    wake: loop.wake,
    stop: () => {
      stopped = true
      return loop.stop()
    },
    checked: () => checked,
    failure: () => failure,
  }
}
