import { z } from 'zod'
import type { Part } from './snapshot.ts'
import { checkGiven, duration } from './strict.ts'

/** What a request gets in place of its own answer. */
export type FaultAnswer = {
  status: number
  body?: unknown
  headers?: Record<string, string>
  afterWork?: boolean
}

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
  /** Answer this instead of doing the work; with `afterWork`, do the work and lose its own answer, as a gateway does that gave up waiting. */
  respond?: FaultAnswer
  /** `answer`: do the work, then cut the connection. `request`: cut the connection and do nothing. */
  drop?: 'answer' | 'request'
}

/** A fault as a caller may give it: one that could never apply, or does nothing when it does, is refused. */
export const faultSchema: z.ZodObject = z
  .strictObject({
    method: z
      .string()
      .regex(/^[A-Za-z]+$/, 'must be a method of HTTP')
      .exactOptional(),
    path: z
      .string()
      .regex(/^[/*]/, 'must begin with / or *')
      .regex(/^[^?]*$/, 'is matched without the query: it must not hold a question mark')
      .exactOptional(),
    times: z.int().min(1).exactOptional(),
    until: z.number().exactOptional(),
    after: z.int().min(0).exactOptional(),
    latencyMs: duration.exactOptional(),
    respond: z
      .strictObject({
        status: z.int().min(200).max(599),
        body: z.unknown().exactOptional(),
        headers: z.record(z.string(), z.string()).exactOptional(),
        afterWork: z.boolean().exactOptional(),
      } satisfies Record<keyof FaultAnswer, z.ZodType>)
      .exactOptional(),
    drop: z.literal(['answer', 'request']).exactOptional(),
  } satisfies Record<keyof Fault, z.ZodType>)
  .refine(
    ({ latencyMs, respond, drop }) => latencyMs !== undefined || respond !== undefined || drop !== undefined,
    'a fault that says what goes wrong: latencyMs, respond or drop',
  )

const manyFaults = z.array(faultSchema)

/** A fault, how often it still applies (`null`: without end), and how many requests pass first. */
type SavedFault = { fault: Fault; left: number | null; skip: number }

export type FaultList = {
  /** @throws TypeError for a fault that is not one; then none is added */
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
      checkGiven('faults.add', manyFaults, faults)
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
