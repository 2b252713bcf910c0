import { Hono } from 'hono'
import { createDomainShape, updateDomainShape } from '../bodies-joining.ts'
import {
  createDomain,
  deleteDomain,
  domainJson,
  getDomain,
  listDomainsOf,
  updateDomain,
  verifyOwnership,
} from '../domains.ts'
import type { DomainRecord } from '../entities.ts'
import type { Instance } from '../instance.ts'
import { getOrganization } from '../organizations.ts'
import { type ClerkContext, type ClerkEnv, json, pathParam, readBody } from '../request.ts'

/** `/v1/organizations/{id}/domains`. */
export const domainRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  const organizationOf = (c: ClerkContext) => getOrganization(instance, pathParam(c, 'organization_id'))
  const find = (c: ClerkContext): DomainRecord => getDomain(instance, organizationOf(c).id, pathParam(c, 'domain_id'))
  app.get('/:organization_id/domains', (c) => {
    const { page, total } = listDomainsOf(instance, organizationOf(c).id, c)
    return json({ data: page.map((domain) => domainJson(instance, domain)), total_count: total })
  })
  app.post('/:organization_id/domains', async (c) => {
    const organization = organizationOf(c)
    const body = await readBody(c, createDomainShape, ['name', 'enrollment_mode'])
    return json(domainJson(instance, createDomain(instance, organization, body)))
  })
  app.patch('/:organization_id/domains/:domain_id', async (c) => {
    const domain = find(c)
    updateDomain(instance, domain, await readBody(c, updateDomainShape))
    return json(domainJson(instance, domain))
  })
  app.delete('/:organization_id/domains/:domain_id', (c) => json(deleteDomain(instance, find(c), true)))
  app.post('/:organization_id/domains/:domain_id/verify_ownership', (c) => {
    const domain = find(c)
    verifyOwnership(instance, domain)
    return json(domainJson(instance, domain))
  })
  return app
}
