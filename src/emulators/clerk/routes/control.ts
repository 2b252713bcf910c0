import { Hono } from 'hono'
import { faultRoutes } from '../../kit/fault-routes.ts'
import type { FaultList } from '../../kit/faults.ts'
import type { ScimOrigin } from '../entities.ts'
import { notFound } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { acceptInvitation } from '../invitations.ts'
import { invitationJson, membershipJson, organizationJson } from '../present-organizations.ts'
import { userJson } from '../present-users.ts'
import { json, pathParam } from '../request.ts'
import type { ClerkSeed, Seeded } from '../seed.ts'
import type { WebhookEndpointOptions } from '../settings.ts'
import { getUser, setUserFlag, signIn } from '../users.ts'
import type { Disorder } from '../webhooks/disorder.ts'
import type { Message, Replay, Webhooks } from '../webhooks/index.ts'

/** Everything that the instance holds, as its API would show it. */
export type ClerkState = {
  users: Record<string, unknown>[]
  organizations: Record<string, unknown>[]
  memberships: Record<string, unknown>[]
  invitations: Record<string, unknown>[]
}

export const readState = (instance: Instance): ClerkState => {
  const { users, organizations, memberships, invitations } = instance.store
  return {
    users: users.byCreation().map(userJson),
    organizations: organizations
      .byCreation()
      .map((record) => organizationJson(instance, record, { membersCount: true })),
    memberships: memberships.byCreation().map((record) => membershipJson(instance, record)),
    invitations: invitations.byCreation().map((record) => invitationJson(instance, record)),
  }
}

export type Control = {
  instance: Instance
  webhooks: Webhooks
  faults: FaultList
  seed: (seed: ClerkSeed) => Seeded
  reset: () => void
}

const messageJson = ({ id, type, body, createdAt, deliveries }: Message): Record<string, unknown> => ({
  id,
  type,
  created_at: createdAt,
  payload: JSON.parse(body) as unknown,
  deliveries,
})

/** Endpoints, disorder and the log of messages. */
const webhookControl = ({ webhooks, instance }: Control): Hono => {
  const app = new Hono()
  app.get('/endpoints', () => json(webhooks.endpoints()))
  app.post('/endpoints', async (c) => json(webhooks.add(await c.req.json<WebhookEndpointOptions>())))
  app.delete('/endpoints/:id', (c) => json({ removed: webhooks.remove(pathParam(c, 'id')) }))
  app.post('/endpoints/:id/rotate', async (c) => {
    const options: { secret?: string; graceMs?: number } = await c.req.json().catch(() => ({}))
    return json({ secret: webhooks.rotate(pathParam(c, 'id'), options) })
  })
  for (const [verb, disabled] of [
    ['enable', false],
    ['disable', true],
  ] as const)
    app.post(`/endpoints/:id/${verb}`, (c) => {
      webhooks.setDisabled(pathParam(c, 'id'), disabled)
      return json(webhooks.endpoints())
    })
  app.post('/endpoints/:id/replay', async (c) => {
    const which = await c.req.json<Replay>()
    return json({ messages: webhooks.replay({ ...which, endpointId: pathParam(c, 'id') }) })
  })
  app.get('/disorder', () => json(webhooks.disorder()))
  app.post('/disorder', async (c) => {
    webhooks.setDisorder(await c.req.json<Partial<Disorder>>())
    return json(webhooks.disorder())
  })
  app.get('/messages', (c) => {
    const type = c.req.query('type')
    const limit = Number(c.req.query('limit') ?? 100)
    const chosen = webhooks.messages().filter((message) => type === undefined || message.type === type)
    return json({ data: chosen.slice(-limit).map(messageJson), total_count: chosen.length })
  })
  app.post('/emit', async (c) => {
    const { type, data } = await c.req.json<{ type: string; data: object }>()
    instance.emit(type, data)
    return json({ emitted: type })
  })
  return app
}

/** What people do in Clerk without the Backend API: signing in, accepting invitations, being disabled by a directory. */
const peopleControl = ({ instance }: Control): Hono => {
  const app = new Hono()
  app.post('/sign-in', async (c) => {
    const { user_id } = await c.req.json<{ user_id: string }>()
    const user = getUser(instance, user_id)
    signIn(instance, user)
    return json(userJson(user))
  })
  app.post('/deprovision', async (c) => {
    const { user_id, deprovisioned = true } = await c.req.json<{ user_id: string; deprovisioned?: boolean }>()
    const user = getUser(instance, user_id)
    setUserFlag(instance, user, 'deprovisioned', deprovisioned)
    return json(userJson(user))
  })
  app.post('/scim', async (c) => {
    const body = await c.req.json<{
      user_id: string
      scim?: ScimOrigin | null
      organization_id?: string
      managed?: boolean
    }>()
    const user = getUser(instance, body.user_id)
    if (body.scim !== undefined) user.scim = body.scim
    if (body.organization_id !== undefined) {
      const membership = instance.store.membership(body.organization_id, user.id)
      if (!membership) throw notFound('Organization membership was not found.')
      membership.scim_managed = body.managed ?? true
    }
    return json(userJson(user))
  })
  app.post('/invitations/:id/accept', (c) => {
    const invitation = instance.store.invitations.get(pathParam(c, 'id'))
    if (!invitation) throw notFound(`No invitation was found with id ${pathParam(c, 'id')}.`)
    const { user, membership } = acceptInvitation(instance, invitation)
    return json({ user: userJson(user), membership: membershipJson(instance, membership) })
  })
  return app
}

/** `/_emulator`: the emulator's own controls, open to everybody who reaches the port. */
export const controlRoutes = (control: Control): Hono => {
  const app = new Hono()
  app.get('/state', () => json(readState(control.instance)))
  app.post('/reset', () => {
    control.reset()
    return json({ reset: true })
  })
  app.post('/seed', async (c) => json(control.seed(await c.req.json<ClerkSeed>())))
  app.route('/faults', faultRoutes(control.faults))
  app.route('/', webhookControl(control))
  app.route('/', peopleControl(control))
  return app
}
