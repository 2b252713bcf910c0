/**
 * The HTTP server, as web-standard `Request -> Response`: the app's `fetch` runs on `@hono/node-server` (listen.ts) or is mounted in whatever
 * a host application has.
 *
 *   POST /webhooks/clerk      signed by Clerk      store durably, answer, work later      webhook-route.ts
 *   GET  /healthz /readyz     for anybody          is it alive, should webhooks come      health-routes.ts
 *   GET  /metrics             admin token          Prometheus                             metrics.ts
 *        /api/...             admin token          what operators ask and do              operations-routes.ts
 *
 * Promises. A 2xx for a webhook means that it is committed. Nothing that is refused leaves anything behind. Every error is
 * `{error: {code, message}}`, without personal data. Without an admin token everything but the first two lines is closed.
 *
 * There is no logic here: what the routes do is in the engine and in operations.ts, which the command line uses as well.
 */
import { Hono } from 'hono'
import type { ClerkClient } from '../clerk/client.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { SalesforceApi } from '../salesforce/api.ts'
import type { Engine } from '../sync/engine.ts'
import type { MappingConfig } from '../sync/plan/mapping.ts'
import type { Sides } from './decisions.ts'
import { addHealthRoutes } from './health-routes.ts'
import type { Metrics } from './metrics.ts'
import { createOperations } from './operations.ts'
import { addOperationsRoutes } from './operations-routes.ts'
import { problem } from './problem.ts'
import { requireToken } from './require-token.ts'
import { addWebhookRoute } from './webhook-route.ts'

export type ServerOptions = {
  db: Database
  engine: Engine
  metrics: Metrics
  log: Log
  clock: Clock
  /** Makes keys of requests that bring none, such as `randomUUID`. */
  newKey: () => string
  /** Without it no organization can be created, and nobody erased without force. */
  clerk?: Pick<ClerkClient, 'createOrganization' | 'findOrganizations' | 'getOrganization' | 'getUser'> | undefined
  /** Without it nobody can decide what needs a look at Salesforce. */
  sides?: Sides | undefined
  /** For the allowance in `/api/status`. */
  salesforce?: Pick<SalesforceApi, 'usage'> | undefined
  /** Without it `/metrics` and `/api` are closed. */
  adminToken?: string | undefined
  /** To explain by while the org has not been asked for its fields. @default {} */
  config?: MappingConfig | undefined
}

/** Makes the app. It listens nowhere: give its `fetch` to a server. */
export const createServer = (options: ServerOptions): Hono => {
  const { db, engine, metrics, log, clock, newKey, clerk, salesforce, sides, adminToken, config } = options
  const app = new Hono()
  addWebhookRoute(app, { receive: engine.receive, metrics, log })
  addHealthRoutes(app, { db, engine, clock })
  const admin = requireToken(adminToken)
  app.use('/metrics', admin)
  app.use('/api/*', admin)
  app.get('/metrics', async (c) => c.text(await metrics.render(), 200, { 'content-type': metrics.contentType }))
  const operations = createOperations({ db, clerk, engine, salesforce, sides, clock, newKey, config })
  addOperationsRoutes(app, { operations, log })
  app.notFound((c) => problem(c, 404, 'not-found', `there is no ${c.req.method} ${c.req.path} here`))
  app.onError((error, c) => {
    log.error({ stage: 'server', err: error }, 'a request failed')
    return problem(c, 500, 'failed', 'the request failed; the log says why')
  })
  return app
}
