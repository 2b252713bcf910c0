import { Hono } from 'hono'
import type { Clock } from '../kit/clock.ts'
import { isControl } from '../kit/control-index.ts'
import { ConnectionCut, faultMiddleware } from '../kit/fault-middleware.ts'
import type { Random } from '../kit/random.ts'
import { describeEmulator } from '../page/root.ts'
import { assertOrganizations, assertSecretKey, readApiVersion } from './admit.ts'
import { domainJson, listAllDomains } from './domains.ts'
import { ApiError, errorBody } from './errors.ts'
import type { Instance } from './instance.ts'
import { expireInvitations } from './invitations.ts'
import { listAllMemberships, listInvitations } from './list-organizations.ts'
import { observeExchanges } from './observe.ts'
import { invitationOfOrganizationJson, membershipJson } from './present-organizations.ts'
import type { RateLimiter } from './rate-limits.ts'
import { type ClerkEnv, json, receiveBody } from './request.ts'
import { beyondRoutes } from './routes/beyond.ts'
import { billingRoutes } from './routes/billing.ts'
import { type Control, controlRoutes } from './routes/control.ts'
import { credentialRoutes } from './routes/credentials.ts'
import { domainRoutes } from './routes/domains.ts'
import { emailAddressRoutes, phoneNumberRoutes } from './routes/identifications.ts'
import { invitationRoutes } from './routes/invitations.ts'
import { appInvitationRoutes, waitlistRoutes } from './routes/joining.ts'
import { membershipRoutes } from './routes/memberships.ts'
import { organizationRoutes } from './routes/organizations.ts'
import { roleSetRoutes } from './routes/role-sets.ts'
import { permissionRoutes, roleRoutes } from './routes/roles.ts'
import { signInMeansRoutes } from './routes/sign-in-means.ts'
import { svixRoutes } from './routes/svix.ts'
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
    expireInvitations(instance, all)
    const { page, total } = listInvitations(all, c)
    const data = page.map((invitation) => invitationOfOrganizationJson(instance, invitation))
    return json({ data, total_count: total })
  })
  app.get('/organization_domains', (c) => {
    const { page, total } = listAllDomains(instance, c)
    return json({ data: page.map((domain) => domainJson(instance, domain)), total_count: total })
  })
  return app
}

const apiRoutes = ({ instance, webhooks }: Control, limiter: RateLimiter): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.use('*', async (c, next) => {
    assertSecretKey(c, instance.settings.secretKey)
    limiter.count(c.req.method, c.req.path)
    c.set('apiVersion', readApiVersion(c, instance.settings.defaultApiVersion))
    assertOrganizations(c.req.path, instance.settings.organizationsEnabled)
    await receiveBody(c)
    await next()
  })
  app.route('/users', userRoutes(instance))
  app.route('/users', credentialRoutes(instance))
  app.route('/users', signInMeansRoutes(instance))
  app.route('/email_addresses', emailAddressRoutes(instance))
  app.route('/phone_numbers', phoneNumberRoutes(instance))
  app.route('/organizations', organizationRoutes(instance))
  app.route('/organizations', membershipRoutes(instance))
  app.route('/organizations', invitationRoutes(instance))
  app.route('/organizations', domainRoutes(instance))
  app.route('/organization_permissions', permissionRoutes(instance))
  app.route('/organization_roles', roleRoutes(instance))
  app.route('/role_sets', roleSetRoutes(instance))
  app.route('/invitations', appInvitationRoutes(instance))
  app.route('/waitlist_entries', waitlistRoutes(instance))
  app.route('/webhooks', svixRoutes(instance, webhooks))
  app.route('/', billingRoutes(instance))
  app.route('/', instanceRoutes(instance))
  app.route('/', beyondRoutes())
  return app
}

/** The HTTP side of one instance: the Backend API under `/v1`, the controls under `/_emulator`. */
export const createApp = (control: Control, clock: Clock, limiter: RateLimiter, random: Random): Hono => {
  const { exchanges, freezer } = control
  const answer = (error: ApiError): Response =>
    json(errorBody(error, random.text(32, '0123456789abcdef')), error.status, {
      ...(error.retryAfter !== undefined && { 'retry-after': String(error.retryAfter) }),
    })
  const app = new Hono()
  app.use('*', exchanges.middleware)
  app.use('*', freezer.middleware)
  app.use('*', faultMiddleware(control.faults, clock))
  describeEmulator(app, control.inside)
  app.use('/v1/*', observeExchanges)
  app.route('/_emulator', controlRoutes(control))
  app.route('/v1', apiRoutes(control, limiter))
  // Some of Clerk's own clients leave the version out of the path, for keys and machines.
  app.route('/', beyondRoutes())
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
    if (isControl(c.req.path)) return json({ error: error.message }, 400)
    return answer(
      new ApiError(500, 'internal_clerk_error', 'Oops, an unexpected error occurred', { longMessage: error.message }),
    )
  })
  return app
}
