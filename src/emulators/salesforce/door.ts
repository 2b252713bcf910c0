import type { Context, Hono } from 'hono'
import { type Call, failureReply, type Match, matcher, perform, type RawBody, type Reply, type Route } from './api.ts'
import { bulkOneFailure, bulkOneRoutes } from './bulk/one-routes.ts'
import { bulkRoutes } from './bulk/routes.ts'
import { deployRoutes } from './deploy/routes.ts'
import { RequestFailure, refused } from './errors.ts'
import { type Org, tally } from './org.ts'
import { collectionRoutes } from './routes/collections.ts'
import { runComposite } from './routes/composite.ts'
import { describeRoutes } from './routes/describe.ts'
import type { Tokens } from './routes/oauth.ts'
import { queryRoutes } from './routes/queries.ts'
import { replicationRoutes } from './routes/replication.ts'
import { rowRoutes } from './routes/rows.ts'
import { searchRoutes } from './routes/search.ts'
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
const match = matcher([
  composite,
  ...describeRoutes,
  ...replicationRoutes,
  ...collectionRoutes,
  ...queryRoutes,
  ...searchRoutes,
  ...bulkRoutes,
  ...deployRoutes,
  ...rowRoutes,
])
const matchAsync = matcher(bulkOneRoutes)

/** The longest URI that Salesforce takes; longer SOQL goes into a Composite's body (help article 000386264). */
const longestUri = 16_384

const readBody = async (c: Context, how: 'json' | 'raw' | 'none'): Promise<unknown> => {
  if (how === 'none' || (c.req.method !== 'POST' && c.req.method !== 'PATCH' && c.req.method !== 'PUT'))
    return undefined
  if (how === 'raw') {
    const raw: RawBody = { type: c.req.header('content-type') ?? '', bytes: new Uint8Array(await c.req.arrayBuffer()) }
    return raw
  }
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

const needParser: ReadonlySet<string> = new Set(['query', 'composite', 'bulk', 'search'])

const answer = async (call: Call, { route, params }: Match): Promise<Reply> => {
  const { org } = call
  // Anything that may hold a query needs the parser; it is loaded once.
  if (needParser.has(route.kind)) await loadParser()
  if (route === composite) return runComposite(call, match)
  const owner = {}
  try {
    return await perform(org, owner, route.prepare(call, params), org.settings.latencyMs)
  } finally {
    org.locks.release(owner)
  }
}

type Way = { version: string; path: string; token: string; find: (method: string, path: string) => Match }

const open = async (c: Context, org: Org, tokens: Tokens, { version, path, token, find }: Way): Promise<Reply> => {
  if (!tokens.isLive(token)) throw new RequestFailure(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
  const url = new URL(c.req.url)
  if (url.pathname.length + url.search.length > longestUri)
    throw new RequestFailure(414, 'URI_TOO_LONG', 'URI Too Long')
  const { usage } = org
  if (usage.used() >= usage.limit)
    throw new RequestFailure(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')
  usage.count()
  const found = find(c.req.method, path)
  tally(org.stats.calls, found.route.kind)
  return answer(
    {
      org,
      method: c.req.method,
      version,
      path,
      query: url.searchParams,
      body: await readBody(c, found.route.body ?? 'json'),
      header: (name) => c.req.header(name),
      origin: url.origin,
    },
    found,
  )
}

const send = (org: Org, { status, body, raw, headers }: Reply): Response =>
  new Response(raw ? raw.content : body === undefined ? null : JSON.stringify(body), {
    status,
    headers: {
      ...(raw ? { 'content-type': raw.type } : {}),
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
      const token = /^(?:Bearer|OAuth)\s+(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
      return send(org, await open(c, org, tokens, { version, path: path ?? '/', token, find: match }))
    } catch (error) {
      return send(org, failureReply(error))
    }
  })
  // Bulk API 1.0 has a door of its own: another header for the token, another shape of errors.
  app.all('/services/async/*', async (c) => {
    const [, version = '', path = '/'] = /^\/services\/async\/(\d+\.0)(\/.*)?$/.exec(new URL(c.req.url).pathname) ?? []
    try {
      const token = c.req.header('x-sfdc-session') ?? ''
      return send(org, await open(c, org, tokens, { version, path, token, find: matchAsync }))
    } catch (error) {
      return send(org, bulkOneFailure(error, c.req.header('accept') ?? c.req.header('content-type') ?? ''))
    }
  })
}
