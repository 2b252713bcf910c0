import type { Context, Hono } from 'hono'
import { type Call, failureReply, type Match, matcher, perform, type RawBody, type Reply, type Route } from './api.ts'
import { bulkOneFailure, languagesOf } from './bulk/one-format.ts'
import { bulkOneRoutes } from './bulk/one-routes.ts'
import { bulkRoutes } from './bulk/routes.ts'
import { deployRoutes } from './deploy/routes.ts'
import { RequestFailure, refused } from './errors.ts'
import { type Org, tally } from './org.ts'
import { sweepWhenDue } from './records/recycle-bin.ts'
import { collectionRoutes } from './routes/collections.ts'
import { runComposite } from './routes/composite.ts'
import { describeRoutes } from './routes/describe.ts'
import { limitRoutes } from './routes/limits.ts'
import { queryRoutes } from './routes/queries.ts'
import { recentRoutes } from './routes/recent.ts'
import { recordCountRoutes } from './routes/record-count.ts'
import { replicationRoutes } from './routes/replication.ts'
import { rowRoutes } from './routes/rows.ts'
import { searchRoutes } from './routes/search.ts'
import type { Tokens } from './routes/tokens.ts'
import { checkVersion, versionList } from './versions.ts'

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
  ...limitRoutes,
  ...recentRoutes,
  ...describeRoutes,
  ...recordCountRoutes,
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

/**
 * The method that is meant: a client that cannot send PATCH says it in the query of a POST (REST API guide, "Using HTTP
 * Methods"), and HEAD is GET without the body.
 */
const methodOf = (c: Context, query: URLSearchParams): string => {
  const meant = c.req.method === 'POST' ? query.get('_HttpMethod')?.toUpperCase() : undefined
  return c.req.method === 'HEAD' ? 'GET' : (meant ?? c.req.method)
}

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

/** From when on a running call counts against the limit of concurrent ones. */
const longAfterMs = 20_000
const longRunning = (org: Org): number => {
  const until = org.clock.now() - longAfterMs
  let count = 0
  for (const { since } of org.running) if (since <= until) count++
  return count
}

const answer = async (call: Call, { route, params }: Match): Promise<Reply> => {
  const { org } = call
  const owner = { since: org.clock.now() }
  org.running.add(owner)
  try {
    if (route === composite) return await runComposite(call, match)
    return await perform(org, owner, route.prepare(call, params), org.settings.latencyMs)
  } finally {
    org.running.delete(owner)
    org.locks.release(owner)
  }
}

/** Salesforce can answer XML; this cannot, and says so rather than answer what was not asked for. */
const checkAccept = (c: Context): void => {
  const accept = c.req.header('accept') ?? '*/*'
  if (/\bxml\b/i.test(accept) && !/\bjson\b|\*\/\*|application\/\*/i.test(accept))
    throw new RequestFailure(406, 'NOT_ACCEPTABLE', 'XML is not supported by the emulator: accept application/json')
}

type Way = { version: string; path: string; token: string; find: (method: string, path: string) => Match }

const open = async (c: Context, org: Org, tokens: Tokens, { version, path, token, find }: Way): Promise<Reply> => {
  if (!tokens.isLive(token)) throw new RequestFailure(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
  const url = new URL(c.req.url)
  if (url.pathname.length + url.search.length > longestUri)
    throw new RequestFailure(414, 'URI_TOO_LONG', 'URI Too Long')
  if (longRunning(org) >= org.settings.longCalls)
    throw new RequestFailure(
      403,
      'REQUEST_LIMIT_EXCEEDED',
      'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    )
  const { usage } = org
  if (usage.used() >= usage.limit)
    throw new RequestFailure(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')
  usage.count()
  sweepWhenDue(org)
  const method = methodOf(c, url.searchParams)
  const found = find(method, path)
  tally(org.stats.calls, found.route.kind)
  return answer(
    {
      org,
      method,
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
  app.get('/services/data', (c) => c.json(versionList()))
  app.all('/services/data/*', async (c) => {
    const { pathname } = new URL(c.req.url)
    const [, version = '', path = '/'] = /^\/+services\/data\/v(\d+\.0)(\/.*)?$/.exec(pathname) ?? []
    try {
      checkVersion(version || undefined, path)
      checkAccept(c)
      const token = /^(?:Bearer|OAuth)\s+(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
      return send(org, await open(c, org, tokens, { version, path, token, find: match }))
    } catch (error) {
      return send(org, failureReply(error))
    }
  })
  // Bulk API 1.0 has a door of its own: another header for the token, another shape of errors.
  app.all('/services/async/*', async (c) => {
    const [, version = '', path = '/'] = /^\/+services\/async\/(\d+\.0)(\/.*)?$/.exec(new URL(c.req.url).pathname) ?? []
    try {
      const token = c.req.header('x-sfdc-session') ?? ''
      return send(org, await open(c, org, tokens, { version, path, token, find: matchAsync }))
    } catch (error) {
      return send(
        org,
        bulkOneFailure(
          error,
          languagesOf((name) => c.req.header(name)),
        ),
      )
    }
  })
}
