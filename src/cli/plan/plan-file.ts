/**
 * The file of a plan, which a person reads, strikes lines out of, and gives to `clerkforce apply`. JSON Lines:
 *
 *   {"clerkforce": "plan", "format": 1, "plan": 3, "madeAt": …, "mapping": "9f…", "records": 4711, "linked": 0, …, "check": "…"}
 *   {"entity": "person", "clerkId": "user_…", "name": …, "kind": "adopt", "fields": {…}, "print": "…", "check": "…"}      one for each record
 *   {"end": true, "records": 4711, "check": "…"}
 *
 * What it promises:
 * - What is not in the file is not written, and what is in it is written as the line says or not at all: `print` is what the engine compares, and
 *   `check` binds what a person reads to it. A line that was edited, or comes from another plan, is named, and nothing is applied.
 * - Whole lines may be struck out, by hand or by `grep -v` and `jq -c`: spaces and the order of keys do not count. The first and the last line
 *   have to stay, so that a file that was cut short is noticed.
 * - Neither writing nor reading holds more than a line of it in memory. It is written beside its place and moved there when it is whole.
 *
 * `check` is no signature: it finds slips, and not somebody who is out to deceive and can compute it. Such a person could still have nothing
 * written that was not planned, for what a print stands for is known to the database alone.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { RunStatus } from '../../server/runs.ts'
import { type PlannedRow, plannedFlags, plannedKinds } from '../../sync/mirror/planned.ts'
import { type Cost, type RunEntity, runEntities } from '../../sync/mirror/runs.ts'

export const planFormat = 1

export type PlanHeader = {
  clerkforce: 'plan'
  format: typeof planFormat
  plan: number
  madeAt: number
  mapping: string
  records: number
  /** Pairs that there were, planned or not. */
  linked: number
  check: string
}
export type PlanLine = Omit<PlannedRow, 'entity'> & { entity: RunEntity; check: string }

export const headerSchema: z.ZodType<PlanHeader> = z.object({
  clerkforce: z.literal('plan'),
  format: z.literal(planFormat),
  plan: z.int().positive(),
  madeAt: z.number(),
  mapping: z.string(),
  records: z.int().nonnegative(),
  linked: z.int().nonnegative(),
  check: z.string(),
})

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const field = z.object({
  side: z.enum(['clerk', 'salesforce']),
  before: value,
  after: value,
  why: z.string(),
  rule: z.string().exactOptional(),
})

export const lineSchema: z.ZodType<PlanLine> = z.object({
  entity: z.enum(runEntities as readonly [RunEntity, ...RunEntity[]]),
  clerkId: z.string().regex(/^[\w-]{1,255}$/),
  name: z.string(),
  kind: z.enum(plannedKinds),
  salesforceId: z.string().nullable(),
  flags: z.array(z.enum(plannedFlags)),
  reason: z.string(),
  fields: z.record(z.string(), field),
  print: z.string().regex(/^[\w-]{1,100}$/),
  check: z.string(),
})

export const endSchema: z.ZodType<{ end: true; records: number; check: string }> = z.object({
  end: z.literal(true),
  records: z.int().nonnegative(),
  check: z.string(),
})

const sortedKeys = (_key: string, given: unknown): unknown =>
  typeof given === 'object' && given !== null && !Array.isArray(given)
    ? Object.fromEntries(Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1)))
    : given

/** A check value over a line but for its own; `of` binds it to the header of its file. */
export const checkOf = ({ check: _, ...content }: Readonly<Record<string, unknown>>, of: string): string =>
  createHash('sha256')
    .update(`${of} ${JSON.stringify(content, sortedKeys)}`)
    .digest('base64url')
    .slice(0, 16)

const sealed = <T extends Readonly<Record<string, unknown>>>(content: T, of: string): T & { check: string } => ({
  ...content,
  check: checkOf(content, of),
})

const line = (content: object): string => `${JSON.stringify(content)}\n`

/** The lines of the file of a plan. */
export const planLines = async function* (run: RunStatus, rows: AsyncIterable<PlannedRow>): AsyncGenerator<string> {
  const { planned, cost, mapping = '' } = run.result
  const records = planned?.kinds.reduce((sum, { count }) => sum + count, 0) ?? 0
  const header: Omit<PlanHeader, 'check'> & { planned: typeof planned; cost: Cost | undefined } = {
    clerkforce: 'plan',
    format: planFormat,
    plan: run.id,
    madeAt: run.finishedAt ?? 0,
    mapping,
    records,
    linked: planned?.linked ?? 0,
    planned,
    cost,
  }
  const first = sealed(header, 'plan')
  yield line(first)
  let written = 0
  for await (const row of rows) {
    const { entity, clerkId, name, kind, ...rest } = row
    yield line(sealed({ entity, clerkId, name, kind, ...rest }, first.check))
    written++
  }
  if (written !== records)
    throw new Error(
      `the plan has ${records} records, and ${written} of them are there still: another plan was made meanwhile, or somebody was erased; plan again`,
    )
  yield line(sealed({ end: true, records: written }, first.check))
}
