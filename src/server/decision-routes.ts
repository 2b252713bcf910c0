import type { Context, Hono } from 'hono'
import { z } from 'zod'
import { adoptables } from '../sync/decide/adoption.ts'
import type { Decisions } from './decisions.ts'

/** So many pairs in one request: each is a transaction. */
export const mostPairs = 1_000
const mostChanges = 1_000

const id = z.string().regex(/^[\w-]{1,255}$/, 'must be an id')
const linkSchema = z.strictObject({
  pairs: z
    .array(z.strictObject({ clerkId: id, salesforceId: id.nullable() }))
    .min(1)
    .max(mostPairs),
})
const unlinkSchema = z.strictObject({ id, new: z.boolean().optional() })
const undoSchema = z.strictObject({
  changes: z.union(
    [z.array(z.int().positive()).min(1).max(mostChanges), z.strictObject({ run: z.int().positive() })],
    'must be a list of numbers of changes, or {"run": number}',
  ),
  do: z.boolean().optional(),
  force: z.boolean().optional(),
})
const resyncSchema = z.strictObject({ mark: z.boolean().optional() })
const entitySchema = z.enum(adoptables, `must be one of ${adoptables.join(', ')}`)
const afterSchema = z.string().regex(/^\w{0,255}$/, 'must be the id of a Clerk record')

export type DecisionRoutesOptions = {
  operations: Decisions
  guarded: (answer: (c: Context) => Promise<Response>) => (c: Context) => Promise<Response>
  readJson: <T>(c: Context, schema: z.ZodType<T>) => Promise<T>
  check: <T>(schema: z.ZodType<T>, value: unknown, what: string) => T
}

/** The routes by which people decide about pairs, values and a changed mapping. */
export const addDecisionRoutes = (app: Hono, options: DecisionRoutesOptions): void => {
  const { operations, guarded, readJson, check } = options
  app.post(
    '/api/link',
    guarded(async (c) => c.json({ pairs: await operations.link((await readJson(c, linkSchema)).pairs) })),
  )
  app.post(
    '/api/unlink',
    guarded(async (c) => {
      const { id: asked, new: makeNew = false } = await readJson(c, unlinkSchema)
      return c.json({ unlinked: await operations.unlink(asked, makeNew) })
    }),
  )
  app.get(
    '/api/adoption/:entity',
    guarded(async (c) => {
      const entity = check(entitySchema, c.req.param('entity'), 'the entity')
      return c.json(await operations.adoption(entity, check(afterSchema, c.req.query('after') ?? '', 'after')))
    }),
  )
  app.post(
    '/api/undo',
    guarded(async (c) => {
      const { changes, do: carryOut = false, force = false } = await readJson(c, undoSchema)
      return c.json({ undone: await operations.undo({ changes, do: carryOut, force }) })
    }),
  )
  app.post(
    '/api/resync',
    guarded(async (c) => c.json(await operations.resync((await readJson(c, resyncSchema)).mark ?? false))),
  )
}
