/**
 * Everything from nothing: so many people, a tenth as many organizations and a fifth more memberships in Clerk, and an empty org. First the
 * backfill to agreement, then a reconcile that finds nothing to do.
 *
 * The product as `serve` runs it, both emulators and PostgreSQL have a process each; so has the bare script. README.md says what the least
 * calls are.
 */
import type { Run } from '../src/sync/mirror/runs.ts'
import { type Postgres, startPostgres } from '../test/support/postgres.ts'
import type { BareBackfillCommands } from './bare-backfill-process.ts'
import { startChild } from './child.ts'
import type { Figure } from './figures.ts'
import type { Options } from './options.ts'
import type { ProductCommands } from './product-process.ts'
import type { ScaleClerkCommands } from './scale-clerk-process.ts'
import type { ScaleOrgCommands } from './scale-org-process.ts'

const mebibyte = 1024 * 1024
/** From question to answer, on both sides. */
const latencyMs = 150
/** What a batch of 10,000 rows takes in Salesforce, which works on five of a job at a time: that of an org without triggers or flows. */
const bulkBatchMs = 2_000

/** The emulators and the bare script hold everything in memory. */
const roomy = ['--max-old-space-size=16384']

type Calls = { clerk: Record<string, number>; salesforce: Record<string, number> }
type Pass = { ms: number; calls: Calls; run: Run }
type Product = { backfill: Pass; reconcile: Pass; peak: number }

const startSides = async (people: number) => {
  const clerk = startChild<ScaleClerkCommands>('./scale-clerk-process.ts', { args: roomy })
  const org = startChild<ScaleOrgCommands>('./scale-org-process.ts', { args: roomy })
  await clerk.ask('fill', people)
  await Promise.all([clerk.ask('slow', latencyMs), org.ask('slow', { latencyMs, bulkBatchMs })])
  return {
    address: async () => ({
      clerk: await clerk.ask('address', undefined),
      salesforce: await org.ask('address', undefined),
    }),
    zero: () => Promise.all([clerk.ask('zero', undefined), org.ask('zero', undefined)]),
    calls: async (): Promise<Calls> => ({
      clerk: await clerk.ask('read', undefined),
      salesforce: await org.ask('read', undefined),
    }),
    /** @throws Error where not everybody is in Salesforce, once */
    check: async (): Promise<void> => {
      const held = await org.ask('held', undefined)
      const wanted = {
        Account: { keyed: people / 10, bare: 0 },
        Contact: { keyed: people, bare: 0 },
        AccountContactRelation: { keyed: (people * 12) / 10, bare: 0 },
      }
      if (JSON.stringify(held) !== JSON.stringify(wanted)) throw new Error(`Salesforce has ${JSON.stringify(held)}`)
    },
    stop: () => Promise.all([clerk.stop(), org.stop()]),
  }
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, one) => all + one, 0)
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

let databases = 0

const product = async (postgres: Postgres, people: number, { profile, report }: Options): Promise<Product> => {
  const sides = await startSides(people)
  const child = startChild<ProductCommands>('./product-process.ts', { profile })
  try {
    const databaseUrl = await postgres.createDatabase(`scale_${++databases}`)
    await child.ask('start', { databaseUrl, ...(await sides.address()), events: 'off' })
    const pass = async (kind: 'backfill' | 'reconcile'): Promise<Pass> => {
      await sides.zero()
      const { ms, run } = await child.ask('run', kind)
      const calls = await sides.calls()
      report(`  ${people} people, ${kind}: ${seconds(ms)}, ${JSON.stringify(calls)}, ${JSON.stringify(run.result)}`)
      if (run.state !== 'done') throw new Error(`the ${kind} ended as ${run.state}: ${JSON.stringify(run.result)}`)
      return { ms, calls, run }
    }
    const backfill = await pass('backfill')
    await sides.check()
    const reconcile = await pass('reconcile')
    const peak = await child.ask('peakMemory', undefined)
    report(`  ${people} people: ${Math.round(peak / mebibyte)} MiB`)
    await child.ask('stop', undefined)
    return { backfill, reconcile, peak }
  } finally {
    await Promise.all([child.stop(), sides.stop()])
  }
}

const bare = async (people: number, { report }: Options): Promise<{ ms: number; calls: Calls }> => {
  const sides = await startSides(people)
  const child = startChild<BareBackfillCommands>('./bare-backfill-process.ts', { args: roomy })
  try {
    const ms = await child.ask('backfill', await sides.address())
    const calls = await sides.calls()
    report(`  ${people} people, bare script: ${seconds(ms)}, ${JSON.stringify(calls)}`)
    await sides.check()
    return { ms, calls }
  } finally {
    await Promise.all([child.stop(), sides.stop()])
  }
}

/** Records of each object for so many people. */
const rowsOf = (people: number): number[] => [people / 10, people, (people * 12) / 10]
const pagesOf = (people: number, size: number): number =>
  rowsOf(people).reduce((all, rows) => all + Math.ceil(rows / size), 0)

/** A page of Clerk has up to 500 records. */
const clerkPage = 500
/** A call carries up to five Collections of 200. */
const rowsInCall = 1_000
/** Of a bulk query so many rows are fetched at once; three calls more are its beginning, its end, and that it is done. */
const queryPage = 25_000
const callsOfQuery = 3

const callFigures = (people: number, { backfill, reconcile }: Product, floor: Calls): Figure[] => {
  const clerk = pagesOf(people, clerkPage)
  const writes = pagesOf(people, rowsInCall)
  const reads = pagesOf(people, queryPage) + rowsOf(people).length * (callsOfQuery + 1)
  const ratio = (name: string, definition: string, calls: Record<string, number>, least: number): Figure => ({
    name: `scale: ${name}`,
    definition,
    value: sum(calls) / least,
    unit: '',
    target: { most: 1.1 },
    seen: `${sum(calls)} and ${least}`,
  })
  const pages = `${clerk} pages of ${clerkPage}`
  return [
    ratio('calls to Clerk of a backfill, to the least', `requests, to ${pages}`, backfill.calls.clerk, clerk),
    ratio('calls to Clerk of a reconcile, to the least', `requests, to ${pages}`, reconcile.calls.clerk, clerk),
    {
      ...ratio(
        'calls to Salesforce of a backfill, to the least by Collections',
        `API calls, reads included, to the ${writes} that carry the records alone, ${rowsInCall} in each`,
        backfill.calls.salesforce,
        writes,
      ),
      seen: `${sum(backfill.calls.salesforce)} and ${writes}; the bare script, with jobs of any size, ${sum(floor.salesforce)}`,
    },
    ratio(
      'calls to Salesforce of a reconcile, to the least',
      `API calls, to a count of each object and its records by bulk query, ${queryPage} in a page`,
      reconcile.calls.salesforce,
      reads,
    ),
  ]
}

export const measureScale = async (options: Options): Promise<Figure[]> => {
  const people = options.people ?? (options.quick ? 10_000 : 100_000)
  const postgres = await startPostgres({ durable: true })
  try {
    const floor = await bare(people, options)
    const full = await product(postgres, people, options)
    const tenth = await product(postgres, people / 10, { ...options, profile: undefined })
    const { backfill, reconcile } = full
    return [
      ...callFigures(people, full, floor.calls),
      {
        name: `scale: time of a backfill of ${people} people, to that of a bare script`,
        definition: `from nothing to agreement, to the time of a script that lists the same and loads it by bulk jobs, both sides answering after ${latencyMs} ms`,
        value: backfill.ms / floor.ms,
        unit: '',
        target: { most: 1.5 },
        seen: `${seconds(backfill.ms)} and ${seconds(floor.ms)}; the reconcile after it ${seconds(reconcile.ms)}`,
      },
      {
        name: `scale: memory at ${people} people, to that at ${people / 10}`,
        definition: 'peak resident memory of the process that serves, after a backfill and a reconcile of everything',
        value: full.peak / tenth.peak,
        unit: '',
        target: { most: 1.2 },
        seen: `${Math.round(full.peak / mebibyte)} MiB and ${Math.round(tenth.peak / mebibyte)} MiB`,
      },
    ]
  } finally {
    await postgres.stop()
  }
}
