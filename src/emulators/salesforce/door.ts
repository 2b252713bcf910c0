import type { Context, Hono } from 'hono'
import { type Call, failureReply, matcher, perform, type Reply, type Route } from './api.ts'
import { RequestFailure, refused } from './errors.ts'
import { type Org, tally } from './org.ts'
import { collectionRoutes } from './routes/collections.ts'
import { runComposite } from './routes/composite.ts'
import { describeRoutes } from './routes/describe.ts'
import type { Tokens } from './routes/oauth.ts'
import { queryRoutes } from './routes/queries.ts'
import { rowRoutes } from './routes/rows.ts'
import { loadParser } from './soql/parse.ts'

const oldest = 50
const newest = 68

const composite: Route = {
  method: 'POST',
  pattern: '/composite',
  kind: 'composite',
  prepare: () => {
    throw new Error('a Composite is run by runComposite')
  },
}
const match = matcher([composite, ...describeRoutes, ...collectionRoutes, ...queryRoutes, ...rowRoutes])

/** The longest URI that Salesforce takes; longer SOQL goes into a Composite's body (help article 000386264). */
const longestUri = 16_384

const readBody = async (c: Context): Promise<unknown> => {
  if (c.req.method !== 'POST' && c.req.method !== 'PATCH' && c.req.method !== 'PUT') return undefined
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/json\b/i.test(type)) {
    throw new RequestFailure(415, 'UNSUPPORTED_MEDIA_TYPE', `Content type ${type || '(none)'} is not supported`)
  }
  const text = await c.req.text()
  if (text.trim() === '') {
    throw refused('JSON_PARSER_ERROR', 'The HTTP entity body is required, but this request has no entity body.')
  }
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw refused('JSON_PARSER_ERROR', 'Unexpected character in the request body at [line:1, column:1]')
  }
}

const answer = async (call: Call, kind: string): Promise<Reply> => {
  const { org } = call
  // Anything that may hold a query needs the parser; it is loaded once.
  if (kind === 'query' || kind === 'composite') await loadParser()
  if (kind === 'composite') return runComposite(call, match)
  const { route, params } = match(call.method, call.path)
  const owner = {}
  try {
    return await perform(org, owner, route.prepare(call, params), org.settings.latencyMs)
  } finally {
    org.locks.release(owner)
  }
}

const open = async (c: Context, org: Org, tokens: Tokens, version: string, path: string): Promise<Reply> => {
  const token = /^(?:Bearer|OAuth)\s+(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
  if (!tokens.isLive(token)) throw new RequestFailure(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
  const url = new URL(c.req.url)
  if (url.pathname.length + url.search.length > longestUri)
    throw new RequestFailure(414, 'URI_TOO_LONG', 'URI Too Long')
  const { usage } = org
  if (usage.used() >= usage.limit)
    throw new RequestFailure(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')
  usage.count()
  const { route } = match(c.req.method, path)
  tally(org.stats.calls, route.kind)
  return answer(
    {
      org,
      method: c.req.method,
      version,
      path,
      query: url.searchParams,
      body: await readBody(c),
      header: (name) => c.req.header(name),
      origin: url.origin,
    },
    route.kind,
  )
}

const send = (org: Org, { status, body, headers }: Reply): Response =>
  new Response(body === undefined ? null : JSON.stringify(body), {
    status,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json;charset=UTF-8' }),
      'sforce-limit-info': `api-usage=${org.usage.used()}/${org.usage.limit}`,
      ...headers,
    },
  })

/** Adds the REST API: tokens, versions and the allowance are looked at here; every reply says what is used. */
export const restRoutes = (app: Hono, org: Org, tokens: Tokens): void => {
  app.get('/services/data', (c) => {
    const versions = Array.from({ length: newest - oldest + 1 }, (_, i) => oldest + i)
    return c.json(versions.map((v) => ({ label: `Release ${v}`, url: `/services/data/v${v}.0`, version: `${v}.0` })))
  })
  app.all('/services/data/*', async (c) => {
    const [, version, path] = /^\/services\/data\/v(\d+\.0)(\/.*)?$/.exec(new URL(c.req.url).pathname) ?? []
    if (version === undefined || Number(version) < oldest || Number(version) > newest) {
      return send(org, {
        status: 404,
        body: [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }],
      })
    }
    try {
      return send(org, await open(c, org, tokens, version, path ?? '/'))
    } catch (error) {
      return send(org, failureReply(error))
    }
  })
}
