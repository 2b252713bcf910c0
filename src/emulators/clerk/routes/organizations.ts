import { Hono } from 'hono'
import { assertNoMetadata } from '../admit.ts'
import { createOrganizationShape, metadataShape, updateOrganizationShape } from '../bodies.ts'
import { notFound } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { listOrganizations } from '../list-organizations.ts'
import {
  changeOrganizationMetadata,
  createOrganization,
  deleteOrganization,
  getOrganization,
  getOrganizationOrSlug,
  organizationChanged,
  updateOrganization,
} from '../organizations.ts'
import { readPicture } from '../pictures.ts'
import { type OrganizationParts, organizationJson } from '../present-organizations.ts'
import { type ClerkContext, type ClerkEnv, flagParam, json, pathParam, readBody } from '../request.ts'

const readParts = (c: ClerkContext): OrganizationParts => ({
  membersCount: flagParam(c, 'include_members_count') ?? false,
  missingMember: flagParam(c, 'include_missing_member_with_elevated_permissions') ?? false,
})

const changeMetadata = async (instance: Instance, c: ClerkContext, mode: 'merge' | 'replace'): Promise<Response> => {
  const organization = getOrganization(instance, pathParam(c, 'organization_id'))
  changeOrganizationMetadata(instance, organization, await readBody(c, metadataShape), mode)
  return json(organizationJson(instance, organization))
}

/** `/v1/organizations`, without members and invitations. */
export const organizationRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/', (c) => {
    const parts = readParts(c)
    const { page, total } = listOrganizations(instance, c)
    return json({ data: page.map((record) => organizationJson(instance, record, parts)), total_count: total })
  })
  app.post('/', async (c) => {
    const body = await readBody(c, createOrganizationShape, ['name'])
    return json(organizationJson(instance, createOrganization(instance, body)))
  })
  app.get('/:organization_id', (c) => {
    const organization = getOrganizationOrSlug(instance, pathParam(c, 'organization_id'))
    return json(organizationJson(instance, organization, readParts(c)))
  })
  app.patch('/:organization_id', async (c) => {
    const organization = getOrganization(instance, pathParam(c, 'organization_id'))
    const body = await readBody(c, updateOrganizationShape)
    assertNoMetadata(c.var.apiVersion, body)
    updateOrganization(instance, organization, body)
    return json(organizationJson(instance, organization))
  })
  app.delete('/:organization_id', (c) =>
    json(deleteOrganization(instance, getOrganization(instance, pathParam(c, 'organization_id')))),
  )
  app.patch('/:organization_id/metadata', (c) => changeMetadata(instance, c, 'merge'))
  app.put('/:organization_id/metadata', (c) => changeMetadata(instance, c, 'replace'))
  app.put('/:organization_id/logo', async (c) => {
    const organization = getOrganization(instance, pathParam(c, 'organization_id'))
    organization.image_id = (await readPicture(instance, c)).imageId
    organizationChanged(instance, organization)
    return json(organizationJson(instance, organization))
  })
  app.delete('/:organization_id/logo', (c) => {
    const organization = getOrganization(instance, pathParam(c, 'organization_id'))
    if (organization.image_id === null) throw notFound('Image not found')
    organization.image_id = null
    organizationChanged(instance, organization)
    return json(organizationJson(instance, organization))
  })
  return app
}
