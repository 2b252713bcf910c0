import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { USED_EVENT_TYPES } from '../clerk/event.ts'
import type { SalesforceApi } from '../salesforce/api.ts'
import type { Engine, Events } from '../sync/engine.ts'
import type { Counts } from '../sync/mirror/counts.ts'
import { createRunGauges } from './run-metrics.ts'
import type { RunStatus } from './runs.ts'

/*
 * Counters for Prometheus, in a registry of their own, so that several clerkforce in one process, or a host that has metrics itself, stay
 * apart. Counters grow as things happen; gauges are read from the database when somebody asks. No label ever carries an id: the number of
 * series stays the same however many people there are.
 */

export type Metrics = {
  /** What the engine tells as it happens. */
  events: Events
  /** Counts one webhook; the type is empty where it was not read. */
  hint: (type: string, outcome: string) => void
  /** Starts timing one webhook; call what it returns when the answer is known. */
  intakeTimer: () => () => void
  /** The text that Prometheus reads. */
  render: () => Promise<string>
  contentType: string
}

/** Where the gauges are read from. */
export type Watched = {
  engine: Pick<Engine, 'counts' | 'health'>
  salesforce: Pick<SalesforceApi, 'usage' | 'calls'> | undefined
  /** Of each kind the run under way and the last that ended. */
  runs: () => Promise<readonly RunStatus[]>
}

const gauges: Readonly<Record<keyof Counts, [string, string]>> = {
  hints: ['hints_waiting', 'Webhooks that are stored and not read yet'],
  problems: ['hints_with_problem', 'Webhooks that could not be read and wait for a person'],
  gaps: ['gaps', "People whom Clerk's API still has to be asked about"],
  stale: ['records_stale', 'Salesforce records that changed and are to be read back'],
  dirty: ['links_dirty', 'Links whose two sides may disagree'],
  waiting: ['links_waiting', 'Dirty links that wait for their parent'],
  parked: ['links_parked', 'Links that are set aside for a person'],
  planned: ['links_planned', 'Links that a plan found and nobody has said yes to'],
  asked: ['requests_asked', 'What Salesforce asks for in Clerk and an operator has to approve'],
  open: ['requests_open', 'What Salesforce asks for in Clerk and is not carried out yet'],
  granting: ['requests_due', 'Of the open requests, those that are due or being carried out'],
  failed: ['requests_failed', 'What Salesforce asks for in Clerk and Clerk refused'],
  behindMs: ['behind_seconds', 'How long the oldest due link has been due'],
}

const pauseReasons = ['outage', 'allowance', 'auth', 'blocked'] as const
const awayReasons = ['outage', 'rate', 'auth'] as const

const lagBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]
const intakeBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15]

/**
 * @param options.watch called at each scrape; undefined while there is no engine yet.
 * @param options.processMetrics also memory, CPU and event loop of the process. @default true
 */
export const createMetrics = (options: { watch: () => Watched | undefined; processMetrics?: boolean }): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry, prefix: 'clerkforce_' })

  const hints = new Counter({
    name: 'clerkforce_hints_total',
    help: 'Webhooks by type and outcome: stored, repeated, unused or refused at the door; observed or problem when read',
    labelNames: ['type', 'outcome'],
    registers,
  })
  const writes = new Counter({
    name: 'clerkforce_writes_total',
    help: "Records written, by the side that was written to, entity, kind of change and result: done, or the side's error code",
    labelNames: ['side', 'entity', 'kind', 'result'],
    registers,
  })
  const calls = new Counter({
    name: 'clerkforce_salesforce_api_calls_total',
    help: 'API calls made to Salesforce by kind',
    labelNames: ['kind'],
    registers,
  })
  const lag = new Histogram({
    name: 'clerkforce_lag_seconds',
    help: 'From a change on one side to the answer of the side that it was written to',
    labelNames: ['side', 'entity'],
    buckets: lagBuckets,
    registers,
  })
  const intake = new Histogram({
    name: 'clerkforce_intake_seconds',
    help: 'From the arrival of a webhook to its answer, by which it is stored',
    buckets: intakeBuckets,
    registers,
  })
  const refresh = createGauges(registers, calls)

  // Finding a counter's child by its labels costs more than counting; there are few, so they are kept.
  const children = new Map<string, { inc: () => void }>()
  const hint = (type: string, outcome: string): void => {
    const known = USED_EVENT_TYPES.has(type) ? type : 'other'
    const name = `${known} ${outcome}`
    let child = children.get(name)
    if (!child) {
      child = hints.labels(known, outcome)
      children.set(name, child)
    }
    child.inc()
  }

  return {
    events: {
      hintRead: ({ type, outcome }) => hint(type, outcome),
      delivered: ({ side, entity, kind, result, lagMs }) => {
        writes.inc({ side, entity, kind, result })
        if (lagMs !== undefined) lag.observe({ side, entity }, lagMs / 1_000)
      },
    },
    hint,
    intakeTimer: () => {
      const start = performance.now()
      return () => intake.observe((performance.now() - start) / 1_000)
    },
    render: async () => {
      await refresh(options.watch())
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}

/** The gauges, and how they are brought up to date before they are shown. */
const createGauges = (registers: Registry[], calls: Counter): ((watched: Watched | undefined) => Promise<void>) => {
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `clerkforce_${name}`, help, labelNames, registers })
  const counts = Object.entries(gauges).map(([key, [name, help]]) => ({
    key: key as keyof Counts,
    gauge: gauge(name, help),
  }))
  const database = gauge('database_up', 'Whether the database answered this scrape')
  const showRuns = createRunGauges(gauge)
  const used = gauge('salesforce_api_used', "API calls that the org has used of the day's allowance, by whomever")
  const remaining = gauge('salesforce_api_remaining', "API calls that remain of the org's allowance of the day")
  const away = gauge('clerk_paused', 'Whether writing to Clerk is paused, by reason', ['reason'])
  const paused = gauge('salesforce_paused', 'Whether writing to Salesforce is paused, by reason', ['reason'])

  return async (watched) => {
    const current = await watched?.engine.counts().catch(() => undefined)
    database.set(current ? 1 : 0)
    for (const one of counts) {
      const value = current?.[one.key]
      // Not 0: nothing to do and not to be told are different things.
      one.gauge.set(value === undefined ? Number.NaN : one.key === 'behindMs' ? value / 1_000 : value)
    }
    showRuns(await watched?.runs().catch(() => undefined))
    const usage = watched?.salesforce?.usage()
    used.set(usage?.used ?? Number.NaN)
    remaining.set(usage ? usage.limit - usage.used : Number.NaN)
    const health = watched?.engine.health()
    for (const one of awayReasons) away.set({ reason: one }, one === health?.clerkAway?.reason ? 1 : 0)
    const reason = health?.paused?.reason
    for (const one of pauseReasons) paused.set({ reason: one }, one === reason ? 1 : 0)
    calls.reset()
    for (const [kind, count] of Object.entries(watched?.salesforce?.calls() ?? {})) calls.inc({ kind }, count)
  }
}
