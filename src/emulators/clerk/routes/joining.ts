import { Hono } from 'hono'
import { createAppInvitations, getAppInvitation, listAppInvitations, revokeAppInvitation } from '../app-invitations.ts'
import { createAppInvitationShape, createWaitlistEntryShape, inviteWaitlistEntryShape } from '../bodies-joining.ts'
import type { Instance } from '../instance.ts'
import { inviteFromWaitlist } from '../invite-from-waitlist.ts'
import { appInvitationJson, waitlistEntryJson } from '../present-joining.ts'
import { type ClerkEnv, flagParam, json, pathParam, readBodies, readBody } from '../request.ts'
import {
  createWaitlistEntries,
  deleteWaitlistEntry,
  getWaitlistEntry,
  listWaitlistEntries,
  rejectWaitlistEntry,
} from '../waitlist.ts'

const required = ['email_address'] as const

/** `/v1/invitations`: to the application itself. */
export const appInvitationRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/', (c) => {
    const paginated = flagParam(c, 'paginated') ?? false
    const { page, total } = listAppInvitations(instance, c)
    const data = page.map(appInvitationJson)
    return json(paginated ? { data, total_count: total } : data)
  })
  app.post('/', async (c) => {
    const body = await readBody(c, createAppInvitationShape, required)
    return json(createAppInvitations(instance, [body], false).map(appInvitationJson)[0])
  })
  app.post('/bulk', async (c) => {
    const bodies = await readBodies(c, createAppInvitationShape, required, 10)
    return json(createAppInvitations(instance, bodies, true).map(appInvitationJson))
  })
  app.post('/:id/revoke', (c) => {
    const invitation = getAppInvitation(instance, pathParam(c, 'id'))
    revokeAppInvitation(instance, invitation)
    return json(appInvitationJson(invitation))
  })
  return app
}

/** `/v1/waitlist_entries`. */
export const waitlistRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/', (c) => {
    const { page, total } = listWaitlistEntries(instance, c)
    return json({ data: page.map((entry) => waitlistEntryJson(instance, entry)), total_count: total })
  })
  app.post('/', async (c) => {
    const [entry] = createWaitlistEntries(instance, [await readBody(c, createWaitlistEntryShape, required)])
    return json(entry && waitlistEntryJson(instance, entry))
  })
  app.post('/bulk', async (c) => {
    const entries = createWaitlistEntries(instance, await readBodies(c, createWaitlistEntryShape, required, 50))
    return json(entries.map((entry) => waitlistEntryJson(instance, entry)))
  })
  app.delete('/:id', (c) => json(deleteWaitlistEntry(instance, getWaitlistEntry(instance, pathParam(c, 'id')))))
  app.post('/:id/invite', async (c) => {
    const entry = getWaitlistEntry(instance, pathParam(c, 'id'))
    const { ignore_existing } = await readBody(c, inviteWaitlistEntryShape)
    inviteFromWaitlist(instance, entry, ignore_existing ?? false)
    return json(waitlistEntryJson(instance, entry))
  })
  app.post('/:id/reject', (c) => {
    const entry = getWaitlistEntry(instance, pathParam(c, 'id'))
    rejectWaitlistEntry(instance, entry)
    return json(waitlistEntryJson(instance, entry))
  })
  return app
}
