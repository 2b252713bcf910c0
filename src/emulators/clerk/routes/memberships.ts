import { Hono } from 'hono'
import { createMembershipShape, metadataShape, roleShape } from '../bodies.ts'
import type { MembershipRecord } from '../entities.ts'
import type { Instance } from '../instance.ts'
import { listMembershipsOf } from '../list-organizations.ts'
import {
  changeMembershipMetadata,
  changeRole,
  createMembership,
  deleteMembership,
  getMembership,
} from '../memberships.ts'
import { getOrganization } from '../organizations.ts'
import { membershipJson } from '../present-organizations.ts'
import { type ClerkContext, type ClerkEnv, json, pathParam, readBody } from '../request.ts'

const find = (instance: Instance, c: ClerkContext): MembershipRecord => {
  const organization = getOrganization(instance, pathParam(c, 'organization_id'))
  return getMembership(instance, organization.id, pathParam(c, 'user_id'))
}

/** `/v1/organizations/{id}/memberships`. */
export const membershipRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/:organization_id/memberships', (c) => {
    const organization = getOrganization(instance, pathParam(c, 'organization_id'))
    const { page, total } = listMembershipsOf(instance, organization.id, c)
    return json({ data: page.map((membership) => membershipJson(instance, membership)), total_count: total })
  })
  app.post('/:organization_id/memberships', async (c) => {
    const organization = getOrganization(instance, pathParam(c, 'organization_id'))
    const body = await readBody(c, createMembershipShape, ['user_id', 'role'])
    return json(membershipJson(instance, createMembership(instance, organization, body)))
  })
  app.patch('/:organization_id/memberships/:user_id', async (c) => {
    const membership = find(instance, c)
    const { role } = await readBody(c, roleShape, ['role'])
    changeRole(instance, membership, role)
    return json(membershipJson(instance, membership))
  })
  app.delete('/:organization_id/memberships/:user_id', (c) => {
    const membership = find(instance, c)
    const body = membershipJson(instance, membership)
    deleteMembership(instance, membership)
    return json(body)
  })
  app.patch('/:organization_id/memberships/:user_id/metadata', async (c) => {
    const membership = find(instance, c)
    changeMembershipMetadata(instance, membership, await readBody(c, metadataShape))
    return json(membershipJson(instance, membership))
  })
  return app
}
