import { Hono } from 'hono'
import type { Clock } from '../kit/clock.ts'
import { ConnectionCut, faultMiddleware } from '../kit/fault-middleware.ts'
import type { Random } from '../kit/random.ts'
import { assertSecretKey, readApiVersion } from './admit.ts'
import { ApiError, errorBody } from './errors.ts'
import type { Instance } from './instance.ts'
import { expireInvitations } from './invitations.ts'
import { listAllMemberships, listInvitations } from './list-organizations.ts'
import { invitationJson, membershipJson } from './present-organizations.ts'
import { createRateLimiter, type RateLimiter } from './rate-limits.ts'
import { type ClerkEnv, json } from './request.ts'
import { type Control, controlRoutes } from './routes/control.ts'
import { emailAddressRoutes, phoneNumberRoutes } from './routes/identifications.ts'
import { invitationRoutes } from './routes/invitations.ts'
import { membershipRoutes } from './routes/memberships.ts'
import { organizationRoutes } from './routes/organizations.ts'
import { userRoutes } from './routes/users.ts'

/** Lists of the whole instance. */
const instanceRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/organization_memberships', (c) => {
    const { page, total } = listAllMemberships(instance, c)
    return json({ data: page.map((membership) => membershipJson(instance, membership)), total_count: total })
  })
  app.get('/organization_invitations', (c) => {
    const all = instance.store.invitations.byCreation()
    for (const { organization_id } of all) expireInvitations(instance, organization_id)
    const { page, total } = listInvitations(all, c)
    return json({ data: page.map((invitation) => invitationJson(instance, invitation)), total_count: total })
  })
  return app
}

const apiRoutes = (instance: Instance, limiter: RateLimiter): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.use('*', async (c, next) => {
    assertSecretKey(c, instance.settings.secretKey)
    limiter.count(c.req.method, c.req.path)
    c.set('apiVersion', readApiVersion(c, instance.settings.defaultApiVersion))
    await next()
  })
  app.route('/users', userRoutes(instance))
  app.route('/email_addresses', emailAddressRoutes(instance))
  app.route('/phone_numbers', phoneNumberRoutes(instance))
  app.route('/organizations', organizationRoutes(instance))
  app.route('/organizations', membershipRoutes(instance))
  app.route('/organizations', invitationRoutes(instance))
  app.route('/', instanceRoutes(instance))
  return app
}

/** The HTTP side of one instance: the Backend API under `/v1`, the controls under `/_emulator`. */
export const createApp = (control: Control, clock: Clock, random: Random): { app: Hono; limiter: RateLimiter } => {
  const { instance } = control
  const limiter = createRateLimiter(instance.settings.rateLimits, clock)
  const answer = (error: ApiError): Response =>
    json(errorBody(error, random.text(32, '0123456789abcdef')), error.status, {
      ...(error.retryAfter !== undefined && { 'retry-after': String(error.retryAfter) }),
    })
  const app = new Hono()
  app.use('*', faultMiddleware(control.faults, clock))
  app.route('/_emulator', controlRoutes(control))
  app.route('/v1', apiRoutes(instance, limiter))
  app.notFound((c) =>
    answer(
      new ApiError(404, 'resource_not_found', 'not found', {
        longMessage: `There is no ${c.req.method} ${c.req.path}.`,
      }),
    ),
  )
  app.onError((error, c) => {
    if (error instanceof ConnectionCut) throw error
    if (error instanceof ApiError) return answer(error)
    if (c.req.path.startsWith('/_emulator/')) return json({ error: error.message }, 400)
    return answer(
      new ApiError(500, 'internal_clerk_error', 'Oops, an unexpected error occurred', { longMessage: error.message }),
    )
  })
  return { app, limiter }
}
