import { Hono } from 'hono'
import { type CommonSources, commonControls, commonWords } from '../../kit/common-controls.ts'
import { type ControlWords, finishControls } from '../../kit/control-index.ts'
import { faultRoutes } from '../../kit/fault-routes.ts'
import type { FaultList } from '../../kit/faults.ts'
import { nothing, readControl } from '../../kit/strict.ts'
import type { Inside } from '../../page/inside.ts'
import { renderPage } from '../../page/page.ts'
import { pageRoutes } from '../../page/routes.ts'
import { expireAppInvitations } from '../app-invitations.ts'
import { domainJson } from '../domains.ts'
import { ApiError, errorBody, notFound } from '../errors.ts'
import { deprovisionSchema, scimSchema, seedSchema, settingsSchema, signInSchema, signOutSchema } from '../given.ts'
import type { Instance } from '../instance.ts'
import { acceptInvitation, expireInvitations } from '../invitations.ts'
import { appInvitationJson, waitlistEntryJson } from '../present-joining.ts'
import { invitationJson, membershipJson, organizationJson } from '../present-organizations.ts'
import { userJson } from '../present-users.ts'
import { json, pathParam } from '../request.ts'
import type { ClerkSeed, Seeded } from '../seed.ts'
import { endSessions } from '../sessions.ts'
import { changeSettings, shownSettings } from '../settings.ts'
import { getUser, setUserFlag, signIn } from '../users.ts'
import type { Webhooks } from '../webhooks/index.ts'
import { peopleRoutes } from './people.ts'
import { webhookControl } from './webhook-control.ts'

/** Everything that the instance holds, as its API would show it. */
export type ClerkState = {
  users: Record<string, unknown>[]
  organizations: Record<string, unknown>[]
  memberships: Record<string, unknown>[]
  invitations: Record<string, unknown>[]
  domains: Record<string, unknown>[]
  app_invitations: Record<string, unknown>[]
  waitlist_entries: Record<string, unknown>[]
}

export const readState = (instance: Instance): ClerkState => {
  const { users, organizations, memberships, invitations, domains, appInvitations, waitlist } = instance.store
  expireInvitations(instance, invitations.byCreation())
  expireAppInvitations(instance)
  return {
    users: users.byCreation().map(userJson),
    organizations: organizations
      .byCreation()
      .map((record) => organizationJson(instance, record, { membersCount: true })),
    memberships: memberships.byCreation().map((record) => membershipJson(instance, record)),
    invitations: invitations.byCreation().map((record) => invitationJson(instance, record)),
    domains: domains.byCreation().map((record) => domainJson(instance, record)),
    app_invitations: appInvitations.byCreation().map(appInvitationJson),
    waitlist_entries: waitlist.byCreation().map((record) => waitlistEntryJson(instance, record)),
  }
}

/** What was counted: requests, and messages by what became of them. */
export type ClerkStats = {
  requests: { total: number; byMethod: Record<string, number>; byStatus: Record<string, number> }
  messages: { total: number; byType: Record<string, number> }
  attempts: { total: number; failed: number }
}

const countBy = (keys: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

/** Messages and attempts are those of the log, which drops the oldest. */
export const readStats = (requests: ClerkStats['requests'], webhooks: Webhooks): ClerkStats => {
  const messages = webhooks.messages()
  const attempts = messages.flatMap(({ deliveries }) => deliveries.flatMap((delivery) => delivery.attempts))
  return {
    requests,
    messages: { total: messages.length, byType: countBy(messages.map(({ type }) => type)) },
    attempts: { total: attempts.length, failed: attempts.filter(({ succeeded }) => !succeeded).length },
  }
}

export type Control = CommonSources & {
  instance: Instance
  webhooks: Webhooks
  faults: FaultList
  inside: Inside
  seed: (seed: ClerkSeed) => Seeded
}

const words: ControlWords = {
  ...commonWords,
  'GET /state': 'all records as the API shows them',
  'GET /stats': 'requests by method and status, messages by type, attempts to deliver them',
  'POST /reset': 'no records, messages, faults or counts, disorder as at the start; endpoints and settings stay',
  'POST /seed': '{users?, organizations?, memberships?, events?}: silent unless events is true',
  'GET /endpoints': 'endpoints of webhooks with their secrets',
  'POST /endpoints': '{url, secret?, events?, disabled?}: adds one',
  'PATCH /endpoints/:id': '{url?, events?, disabled?}: changes one; events: null is all types again',
  'DELETE /endpoints/:id': 'removes one',
  'POST /endpoints/:id/rotate': '{secret?, graceMs?}: a new secret; the old one signs along for a day',
  'POST /endpoints/:id/enable': 'switches it on',
  'POST /endpoints/:id/disable': 'switches it off',
  'POST /endpoints/:id/replay':
    '{which: "one", messageId}, or {which: "failed" or "missing", since?, until?}: once each',
  'GET /disorder': 'how unreliable delivery is',
  'POST /disorder': '{twice?, delayed?, maxDelayMs?, shuffled?}: probabilities, and a time',
  'GET /messages': 'messages with their attempts; ?type= and ?limit=',
  'GET /attempts': 'all attempts to deliver messages, the oldest first; ?type= and ?limit=',
  'POST /events': '{type, data?}: sends an event with data made up to fit, and yours laid over it',
  'POST /emit': '{type, data}: sends any event, just as given',
  'POST /sign-in': '{user_id, pending?}: the user signs in; a pending session is completed by the next sign-in',
  'POST /sign-out': '{user_id, session_id?, how?}: ends the sessions of a user; how is "ended", "removed" or "revoked"',
  'POST /deprovision': '{user_id, deprovisioned?}: a directory takes the user away, or gives them back',
  'POST /scim': '{user_id, scim?, organization_id?, managed?}: puts a user or a membership under a directory',
  'POST /invitations/:id/accept': 'the invited person follows the link',
  'POST /app-invitations/:id/accept': 'the same for an invitation to the application',
  'POST /external-accounts': 'a user connects an account of another provider',
  'POST /passkeys': 'a user adds a passkey',
  'POST /subscriptions': '{payer_id}: a user or an organization subscribes',
  'POST /trusted-devices': 'a user trusts a device',
}

/** What people do in Clerk without the Backend API: signing in, accepting invitations, being disabled by a directory. */
const peopleControl = ({ instance }: Control): Hono => {
  const app = new Hono()
  app.post('/sign-in', async (c) => {
    const { user_id, pending } = await readControl(c, signInSchema)
    const user = getUser(instance, user_id)
    signIn(instance, user, pending)
    return json(userJson(user))
  })
  app.post('/sign-out', async (c) => {
    const { user_id, session_id, how = 'ended' } = await readControl(c, signOutSchema)
    return json({ sessions: endSessions(instance, getUser(instance, user_id), how, session_id) })
  })
  app.post('/deprovision', async (c) => {
    const { user_id, deprovisioned = true } = await readControl(c, deprovisionSchema)
    const user = getUser(instance, user_id)
    setUserFlag(instance, user, 'deprovisioned', deprovisioned)
    return json(userJson(user))
  })
  app.post('/scim', async (c) => {
    const body = await readControl(c, scimSchema)
    const user = getUser(instance, body.user_id)
    if (body.scim !== undefined) user.scim = body.scim
    if (body.organization_id !== undefined) {
      const membership = instance.store.membership(body.organization_id, user.id)
      if (!membership) throw notFound('Organization membership was not found.')
      membership.scim_managed = body.managed ?? true
    }
    return json(userJson(user))
  })
  app.post('/invitations/:id/accept', async (c) => {
    await readControl(c, nothing)
    const invitation = instance.store.invitations.get(pathParam(c, 'id'))
    if (!invitation) throw notFound(`No invitation was found with id ${pathParam(c, 'id')}.`)
    const { user, membership } = acceptInvitation(instance, invitation)
    return json({ user: userJson(user), membership: membershipJson(instance, membership) })
  })
  return app
}

/** `/_emulator`: the emulator's own controls, open to everybody who reaches the port. */
export const controlRoutes = (control: Control): Hono => {
  const { instance, webhooks, inside, exchanges, faults, freezer, clock } = control
  const { settings } = instance
  const app = new Hono()
  commonControls(app, control)
  app.get('/state', () => json(readState(instance)))
  app.get('/stats', () => json(readStats(exchanges.counts(), webhooks)))
  app.post('/seed', async (c) => json(control.seed(await readControl(c, seedSchema))))
  app.get('/settings', () => json(shownSettings(settings)))
  app.post('/settings', async (c) => {
    changeSettings(settings, await readControl(c, settingsSchema))
    return json(shownSettings(settings))
  })
  app.route('/faults', faultRoutes(faults))
  app.route('/', webhookControl(control))
  app.route('/', peopleControl(control))
  app.route('/', peopleRoutes(instance))
  pageRoutes(app, { inside, exchanges, faults, freezer, now: clock.now })
  finishControls(app, {
    emulator: inside.emulator,
    words,
    page: () => renderPage(inside),
    explain: (error) => (error instanceof ApiError ? json(errorBody(error, 'control'), error.status) : undefined),
  })
  return app
}
