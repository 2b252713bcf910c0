import type { Context, Hono } from 'hono'
import { z } from 'zod'
import { ClerkError } from '../clerk/clerk-error.ts'
import { isDatabaseDown } from '../db/database.ts'
import type { Log } from '../log.ts'
import { SalesforceError } from '../salesforce/api.ts'
import { NotLinkedError } from '../sync/decide/decide.ts'
import { KeyReusedError } from '../sync/grants/create-organization.ts'
import { addDecisionRoutes } from './decision-routes.ts'
import { UnavailableError } from './decisions.ts'
import { StillLivesError } from './erasures.ts'
import type { Operations } from './operations.ts'
import { addPlanRoutes } from './plan-routes.ts'
import { ApplyStateError } from './plans.ts'
import { problem } from './problem.ts'
import { BodyTooLargeError, readBody } from './read-body.ts'
import { addRunRoutes } from './run-routes.ts'

const mostBytes = 1024 * 1024
const mostListed = 1_000

/** What a caller got wrong, in one sentence. */
class BadInput extends Error {
  readonly status: 400 | 413
  constructor(message: string, status: 400 | 413 = 400) {
    super(message)
    this.status = status
  }
}

const retrySchema = z
  .strictObject({
    links: z
      .union([z.literal('all'), z.array(z.int().positive()).max(10_000)], 'must be a list of link numbers, or "all"')
      .optional(),
    deleted: z.boolean().optional(),
    problems: z.boolean().optional(),
  })
  .refine(({ links, deleted }) => deleted === undefined || links === 'all', 'deleted goes with links: "all"')
  .refine(
    ({ links, problems }) => links !== undefined || problems !== undefined,
    'names nothing to retry: give links, or problems',
  )

const keysExpected = 'must be a list of keys as /api/approvals shows them, or "all"'
const decisionSchema = z.strictObject({
  requests: z
    .unknown()
    .refine((given) => given === 'all' || isListOfKeys(given), keysExpected)
    .transform((given) => given as 'all' | string[]),
})
const isListOfKeys = (given: unknown): boolean =>
  z
    .array(z.string().regex(/^(account|contact)\/\w{18}$/))
    .min(1)
    .max(10_000)
    .safeParse(given).success

/** An e-mail address has at most 320 characters, and every id fewer. PostgreSQL takes no NUL. */
const explainedSchema = z.string().regex(/^\P{Cc}{1,320}$/u, 'must be an id or an e-mail address')

const metadata = z.record(z.string(), z.unknown())
/** PostgreSQL takes no NUL, and nobody means a newline in a name. */
const oneLine = z.string().regex(/^\P{Cc}*$/u, 'must not have control characters')
const organizationSchema = z.strictObject({
  name: oneLine.trim().min(1, 'must not be empty').max(256, 'must have at most 256 characters'),
  slug: oneLine.min(1).optional(),
  created_by: oneLine.min(1).optional(),
  public_metadata: metadata.optional(),
  max_allowed_memberships: z.int().nonnegative().optional(),
})

const keySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must have 1 to 255 characters, without spaces')
  // What an Account asks for has such a key.
  .refine((key) => !key.startsWith('account/'), "must not begin with 'account/', which is kept for Accounts")
  .optional()

const personSchema = z.string().regex(/^user_\w{1,250}$/, "must be the id of a Clerk user, such as 'user_2abc…'")
const eraseSchema = z.strictObject({ person: personSchema, force: z.boolean().optional() })

const check = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue && issue.path.length > 0 ? `${what}: ${issue.path.join('.')}` : what
  throw new BadInput(`${where}: ${issue?.message ?? 'is not as expected'}`)
}

const readJson = async <T>(c: Context, schema: z.ZodType<T>): Promise<T> => {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await readBody(c.req.raw, mostBytes)))
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw new BadInput(error.message, 413)
    throw new BadInput('the body is not JSON')
  }
  return check(schema, json, 'the body')
}

const readLimit = (c: Context): number => {
  const text = c.req.query('limit') ?? '100'
  const limit = Number(text)
  if (!/^\d+$/.test(text) || limit < 1 || limit > mostListed)
    throw new BadInput(`limit must be a number from 1 to ${mostListed}`)
  return limit
}

/** Clerk's refusals in Clerk's words, with Clerk's status; what stands between us and Clerk as a gateway's failure. */
const clerkProblem = (c: Context, error: ClerkError): Response => {
  const retry: Record<string, string> =
    error.retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(error.retryAfterMs / 1_000)) }
  switch (error.kind) {
    case 'managed':
    case 'refused': {
      const status = error.status !== undefined && error.status >= 400 && error.status < 500 ? error.status : 502
      return problem(c, status as 400, error.code, error.message)
    }
    case 'auth':
      return problem(c, 502, error.code, error.message)
    case 'rate':
    case 'outage':
      return problem(c, 503, error.code, error.message, retry)
    case 'lost-answer':
      return problem(
        c,
        504,
        error.code,
        `${error.message}. It may have been created: send the same request again, it makes no second one.`,
      )
  }
}

/** The routes of operators, below `/api`. Who may use them is decided before. */
export const addOperationsRoutes = (app: Hono, { operations, log }: { operations: Operations; log: Log }): void => {
  const guarded =
    (answer: (c: Context) => Promise<Response>) =>
    async (c: Context): Promise<Response> => {
      try {
        return await answer(c)
      } catch (error) {
        if (error instanceof BadInput)
          return problem(c, error.status, error.status === 413 ? 'too-large' : 'bad-input', error.message)
        if (error instanceof KeyReusedError) return problem(c, 409, 'key-reused', error.message)
        if (error instanceof StillLivesError) return problem(c, 409, 'still-lives', error.message)
        if (error instanceof ApplyStateError) return problem(c, 409, 'apply-state', error.message)
        if (error instanceof NotLinkedError) return problem(c, 404, 'not-linked', error.message)
        if (error instanceof UnavailableError) return problem(c, 503, 'unavailable', error.message)
        if (error instanceof SalesforceError)
          return problem(c, 503, error.code, `Salesforce cannot be asked: ${error.message}`)
        if (error instanceof ClerkError) return clerkProblem(c, error)
        if (isDatabaseDown(error)) return problem(c, 503, 'database-down', 'the database cannot be reached')
        log.error({ stage: 'server', err: error }, 'a request failed')
        return problem(c, 500, 'failed', 'the request failed; the log says why')
      }
    }

  addDecisionRoutes(app, { operations, guarded, readJson, check })
  addRunRoutes(app, { operations, guarded, readJson, check })
  addPlanRoutes(app, { operations, guarded, readJson, check })
  app.get(
    '/api/status',
    guarded(async (c) => c.json(await operations.status())),
  )
  app.get(
    '/api/explain/:id',
    guarded(async (c) => {
      const id = check(explainedSchema, c.req.param('id'), 'the id')
      return c.json(await operations.explain(id, readLimit(c)))
    }),
  )
  app.get(
    '/api/parked',
    guarded(async (c) => c.json({ parked: await operations.parked(readLimit(c)) })),
  )
  app.get(
    '/api/problems',
    guarded(async (c) => c.json({ problems: await operations.problems(readLimit(c)) })),
  )
  app.get(
    '/api/approvals',
    guarded(async (c) => c.json({ requests: await operations.approvals(readLimit(c)) })),
  )
  for (const decision of ['approve', 'deny'] as const)
    app.post(
      `/api/${decision}`,
      guarded(async (c) => {
        const { requests } = await readJson(c, decisionSchema)
        return c.json({ decided: { requests: await operations.decide(decision, requests) } })
      }),
    )
  app.post(
    '/api/retry',
    guarded(async (c) => c.json({ retried: await operations.retry(await readJson(c, retrySchema)) })),
  )
  app.get(
    '/api/erasable/:person',
    guarded(async (c) => c.json(await operations.erasable(check(personSchema, c.req.param('person'), 'the person')))),
  )
  app.post(
    '/api/erasures',
    guarded(async (c) => c.json(await operations.erase(await readJson(c, eraseSchema)), 202)),
  )
  app.get(
    '/api/erasures/:id',
    guarded(async (c) => {
      const receipt = await operations.receipt(c.req.param('id') ?? '')
      return receipt ? c.json(receipt) : problem(c, 404, 'no-receipt', 'there is no receipt of this id')
    }),
  )
  app.post(
    '/api/organizations',
    guarded(async (c) => {
      const body = await readJson(c, organizationSchema)
      const key = check(keySchema, c.req.header('idempotency-key'), 'Idempotency-Key')
      const organization = await operations.createOrganization({
        key,
        name: body.name,
        slug: body.slug,
        createdBy: body.created_by,
        publicMetadata: body.public_metadata,
        maxAllowedMemberships: body.max_allowed_memberships,
      })
      return c.json({ organization }, organization.created ? 201 : 200)
    }),
  )
}
