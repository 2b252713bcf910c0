import { Hono } from 'hono'
import { createInvitationShape, revokeInvitationShape } from '../bodies.ts'
import type { InvitationRecord, InvitationStatus } from '../entities.ts'
import type { Instance } from '../instance.ts'
import { createInvitations, expireInvitations, getInvitation, revokeInvitation } from '../invitations.ts'
import { listInvitations } from '../list-organizations.ts'
import { getOrganization } from '../organizations.ts'
import { invitationJson } from '../present-organizations.ts'
import { type ClerkContext, type ClerkEnv, json, pathParam, readBodies, readBody } from '../request.ts'

const required = ['email_address', 'role'] as const

const list = (instance: Instance, c: ClerkContext, only?: InvitationStatus): Response => {
  const organization = getOrganization(instance, pathParam(c, 'organization_id'))
  expireInvitations(instance, instance.store.invitationsOf(organization.id))
  const { page, total } = listInvitations(instance.store.invitationsOf(organization.id), c, only)
  return json({ data: page.map((invitation) => invitationJson(instance, invitation)), total_count: total })
}

const find = (instance: Instance, c: ClerkContext): InvitationRecord =>
  getInvitation(instance, getOrganization(instance, pathParam(c, 'organization_id')).id, pathParam(c, 'invitation_id'))

/** `/v1/organizations/{id}/invitations`. */
export const invitationRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/:organization_id/invitations', (c) => list(instance, c))
  app.get('/:organization_id/invitations/pending', (c) => list(instance, c, 'pending'))
  app.get('/:organization_id/invitations/:invitation_id', (c) => json(invitationJson(instance, find(instance, c))))
  app.post('/:organization_id/invitations', async (c) => {
    const organization = getOrganization(instance, pathParam(c, 'organization_id'))
    const body = await readBody(c, createInvitationShape, required)
    const [created] = createInvitations(instance, organization, [body])
    return json(created && invitationJson(instance, created))
  })
  app.post('/:organization_id/invitations/bulk', async (c) => {
    const organization = getOrganization(instance, pathParam(c, 'organization_id'))
    const bodies = await readBodies(c, createInvitationShape, required, 10)
    const created = createInvitations(instance, organization, bodies)
    return json({
      data: created.map((invitation) => invitationJson(instance, invitation)),
      total_count: created.length,
    })
  })
  app.post('/:organization_id/invitations/:invitation_id/revoke', async (c) => {
    const organization = getOrganization(instance, pathParam(c, 'organization_id'))
    const invitation = find(instance, c)
    const { requesting_user_id } = await readBody(c, revokeInvitationShape)
    revokeInvitation(instance, organization, invitation, requesting_user_id)
    return json(invitationJson(instance, invitation))
  })
  return app
}
