import type { Context, Hono } from 'hono'
import { z } from 'zod'
import { runEntities } from '../sync/mirror/runs.ts'
import { problem } from './problem.ts'
import type { RunOperations } from './runs.ts'

const most = 1_000

const requestSchema = z
  .strictObject({
    kind: z.enum(['backfill', 'reconcile', 'plan'], 'must be backfill, reconcile or plan'),
    only: z
      .array(z.enum(runEntities, `must be one of ${runEntities.join(', ')}`))
      .min(1)
      .optional(),
    accept_deletions: z.int().nonnegative().optional(),
  })
  .refine(({ kind, only }) => kind === 'backfill' || only === undefined, 'only goes with a backfill')
  .refine(
    ({ kind, accept_deletions: accepted }) => kind === 'reconcile' || accepted === undefined,
    'accept_deletions goes with a reconcile',
  )
/** A number in a path or a query. */
export const numberSchema: z.ZodType<number> = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a number')
  .transform(Number)
export const limitSchema: z.ZodType<number> = numberSchema.refine(
  (limit) => limit >= 1 && limit <= most,
  `must be from 1 to ${most}`,
)

export type RunRoutesOptions = {
  operations: RunOperations
  guarded: (answer: (c: Context) => Promise<Response>) => (c: Context) => Promise<Response>
  readJson: <T>(c: Context, schema: z.ZodType<T>) => Promise<T>
  check: <T>(schema: z.ZodType<T>, value: unknown, what: string) => T
}

/** The routes of backfill and reconcile. */
export const addRunRoutes = (app: Hono, { operations, guarded, readJson, check }: RunRoutesOptions): void => {
  const idOf = (c: Context): number => check(numberSchema, c.req.param('id'), 'the run')
  app.post(
    '/api/runs',
    guarded(async (c) => {
      const { kind, only, accept_deletions: acceptDeletions } = await readJson(c, requestSchema)
      return c.json(await operations.startRun({ kind, only, acceptDeletions }), 202)
    }),
  )
  app.get(
    '/api/runs',
    guarded(async (c) => {
      const before = c.req.query('before')
      const limit = check(limitSchema, c.req.query('limit') ?? '20', 'limit')
      const runs = await operations.runs(
        before === undefined ? undefined : check(numberSchema, before, 'before'),
        limit,
      )
      return c.json({ runs })
    }),
  )
  app.get(
    '/api/runs/:id',
    guarded(async (c) => {
      const run = await operations.run(idOf(c))
      return run ? c.json(run) : problem(c, 404, 'no-run', 'there is no run of this number')
    }),
  )
  app.get(
    '/api/runs/:id/drift',
    guarded(async (c) => {
      const after = check(numberSchema, c.req.query('after') ?? '0', 'after')
      const limit = check(limitSchema, c.req.query('limit') ?? '100', 'limit')
      return c.json({ drift: await operations.drift(idOf(c), after, limit) })
    }),
  )
}
