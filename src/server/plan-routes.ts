import type { Context, Hono } from 'hono'
import { z } from 'zod'
import { applyOutcomes } from '../sync/mirror/expected.ts'
import { plannedFlags, plannedKinds } from '../sync/mirror/planned.ts'
import { runEntities } from '../sync/mirror/runs.ts'
import type { PlanOperations } from './plans.ts'
import { problem } from './problem.ts'
import { limitSchema, numberSchema } from './run-routes.ts'

/** So many records in one request: they take a transaction together. */
const mostApproved = 1_000

const digest = z.string().regex(/^[\w-]{1,100}$/, 'must be as the header of the file says')
const applySchema = z.strictObject({ mapping: digest, file: digest })
const approveSchema = z.strictObject({
  records: z
    .array(
      z.strictObject({
        entity: z.enum(runEntities, `must be one of ${runEntities.join(', ')}`),
        clerkId: z.string().regex(/^[\w-]{1,255}$/, 'must be an id'),
        print: digest,
      }),
    )
    .min(1)
    .max(mostApproved),
})
const startSchema = z.strictObject({ unknown: z.int().nonnegative().optional() })

const oneOf = <T extends string>(values: readonly T[]) =>
  z.enum(values as readonly [T, ...T[]], `must be one of ${values.join(', ')}`).optional()
const entitySchema = oneOf(runEntities)
const kindSchema = oneOf(plannedKinds)
const flagSchema = oneOf(plannedFlags)
const outcomeSchema = oneOf(applyOutcomes)
const idSchema = z
  .string()
  .regex(/^[\w-]{1,255}$/, 'must be an id')
  .optional()
const placeSchema = z
  .string()
  .regex(/^\d\.\d{1,15}$/, 'must be what next was')
  .optional()

export type PlanRoutesOptions = {
  operations: PlanOperations
  guarded: (answer: (c: Context) => Promise<Response>) => (c: Context) => Promise<Response>
  readJson: <T>(c: Context, schema: z.ZodType<T>) => Promise<T>
  check: <T>(schema: z.ZodType<T>, value: unknown, what: string) => T
}

/** The routes of plan and apply. A plan itself is a run, and is asked for like one. */
export const addPlanRoutes = (app: Hono, { operations, guarded, readJson, check }: PlanRoutesOptions): void => {
  const idOf = (c: Context): number => check(numberSchema, c.req.param('id'), 'the run')
  const limitOf = (c: Context): number => check(limitSchema, c.req.query('limit') ?? '100', 'limit')
  app.get(
    '/api/plan',
    guarded(async (c) => {
      const run = await operations.lastPlan()
      return run
        ? c.json(run)
        : problem(c, 404, 'no-plan', 'there is no plan: POST /api/runs {"kind": "plan"} makes one')
    }),
  )
  app.get(
    '/api/runs/:id/planned',
    guarded(async (c) => {
      const asked = {
        after: check(placeSchema, c.req.query('after'), 'after'),
        limit: limitOf(c),
        entity: check(entitySchema, c.req.query('entity'), 'entity'),
        kind: check(kindSchema, c.req.query('kind'), 'kind'),
        flag: check(flagSchema, c.req.query('flag'), 'flag'),
        of: check(idSchema, c.req.query('of'), 'of'),
      }
      return c.json(await operations.planned(idOf(c), asked))
    }),
  )
  app.post(
    '/api/applies',
    guarded(async (c) => c.json(await operations.openApply(await readJson(c, applySchema)), 202)),
  )
  app.post(
    '/api/applies/:id/approve',
    guarded(async (c) => c.json(await operations.approve(idOf(c), (await readJson(c, approveSchema)).records))),
  )
  app.post(
    '/api/applies/:id/start',
    guarded(async (c) => {
      const { unknown = 0 } = await readJson(c, startSchema)
      return c.json(await operations.startApply(idOf(c), unknown), 202)
    }),
  )
  app.get(
    '/api/applies/:id/unapplied',
    guarded(async (c) => {
      const after = check(numberSchema, c.req.query('after') ?? '0', 'after')
      const outcome = check(outcomeSchema, c.req.query('outcome'), 'outcome')
      return c.json({ unapplied: await operations.unapplied(idOf(c), { after, limit: limitOf(c), outcome }) })
    }),
  )
}
