import type { Part } from './snapshot.ts'

/**
 * Faults by request: what goes wrong, how often and for how long. One rule list per emulator, set in the process or over
 * `/_emulator/faults`; the first rule that matches a request and is not used up applies.
 *
 * A rule matches by method and by a path pattern (`*` stands for anything). `times` uses it up, `until` (ms of the
 * emulator's clock) ends it: a rule with neither stays until it is removed.
 */
export type Fault = {
  /** HTTP method; any when absent. */
  method?: string
  /** Path pattern without the query, `*` for anything; any path when absent. */
  path?: string
  /** How many requests it applies to; without it, all. */
  times?: number
  /** Clock time in ms at which it ends. */
  until?: number
  /** Let this many matching requests pass first. */
  after?: number
  /** Wait this long before the request is worked on. */
  latencyMs?: number
  /** Answer this instead of doing the work. */
  respond?: { status: number; body?: unknown; headers?: Record<string, string> }
  /** `answer`: do the work, then cut the connection. `request`: cut the connection and do nothing. */
  drop?: 'answer' | 'request'
}

/** A fault, how often it still applies (`null`: without end), and how many requests pass first. */
type SavedFault = { fault: Fault; left: number | null; skip: number }

export type FaultList = {
  add: (...faults: Fault[]) => void
  clear: () => void
  /** Those that can still apply. */
  list: () => readonly Fault[]
  /** The fault for this request, counted as used. */
  take: (request: { method: string; path: string }) => Fault | undefined
  /** For snapshots: the list with its counts. */
  part: Part
}

const matches = (pattern: string, path: string): boolean => {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(path)
}

/** An empty list of faults on the given clock. */
export const createFaults = (now: () => number): FaultList => {
  let rules: { fault: Fault; left: number; skip: number }[] = []
  const dropSpent = (): void => {
    rules = rules.filter((rule) => rule.left > 0 && (rule.fault.until === undefined || now() < rule.fault.until))
  }
  return {
    add: (...faults) => {
      for (const fault of faults)
        rules.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY, skip: fault.after ?? 0 })
    },
    clear: () => {
      rules = []
    },
    list: () => {
      dropSpent()
      return rules.map((rule) => rule.fault)
    },
    take: (request) => {
      dropSpent()
      for (const rule of rules) {
        const { method, path } = rule.fault
        if (method !== undefined && method.toUpperCase() !== request.method.toUpperCase()) continue
        if (path !== undefined && !matches(path, request.path)) continue
        if (rule.skip > 0) {
          rule.skip--
          continue
        }
        rule.left--
        return rule.fault
      }
      return undefined
    },
    part: {
      save: () => {
        dropSpent()
        return rules.map(
          ({ fault, left, skip }): SavedFault => ({
            fault,
            left: Number.isFinite(left) ? left : null,
            skip,
          }),
        )
      },
      load: (saved) => {
        rules = (saved as SavedFault[]).map(({ fault, left, skip }) => ({
          fault,
          left: left ?? Number.POSITIVE_INFINITY,
          skip,
        }))
      },
      clear: () => {
        rules = []
      },
    },
  }
}
