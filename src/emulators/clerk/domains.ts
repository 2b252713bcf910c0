import { type CreateDomainBody, enrollmentModes, type UpdateDomainBody } from './bodies-joining.ts'
import type { DomainRecord, EnrollmentMode, OrganizationRecord } from './entities.ts'
import { ApiError, formError, invalidValue, notFound } from './errors.ts'
import type { Instance } from './instance.ts'
import { deletedJson, publicOrganizationJson } from './present-organizations.ts'
import {
  type ClerkContext,
  compareBy,
  type ListPage,
  listParam,
  pageOf,
  readOrder,
  readPage,
  readSign,
} from './request.ts'

/** https://clerk.com/docs/guides/organizations/add-members/verified-domains */
const DOMAINS_OF_ORGANIZATION = 10

/** A few of the providers that everybody may have an address at; Clerk's own list is not published. */
const commonProviders = new Set([
  'aol.com',
  'gmail.com',
  'gmx.com',
  'gmx.net',
  'googlemail.com',
  'hotmail.com',
  'icloud.com',
  'live.com',
  'mail.com',
  'me.com',
  'msn.com',
  'outlook.com',
  'proton.me',
  'protonmail.com',
  'yahoo.com',
])

const verification = (strategy: string, verifiedAt: number | null): Record<string, unknown> => ({
  status: 'verified',
  strategy,
  attempts: null,
  expire_at: null,
  verified_at: verifiedAt,
})

export const domainJson = ({ store }: Instance, domain: DomainRecord): Record<string, unknown> => {
  const affiliation = domain.verified ? verification('admin', null) : null
  const organization = store.organizations.get(domain.organization_id)
  return {
    object: 'organization_domain',
    id: domain.id,
    organization_id: domain.organization_id,
    name: domain.name,
    enrollment_mode: domain.enrollment_mode,
    affiliation_email_address: null,
    affiliation_verification: affiliation,
    ownership_verification:
      domain.ownership_verified_at === null ? null : verification('manual_override', domain.ownership_verified_at),
    verification: affiliation,
    // People join by invitation or by themselves here: nobody's address is compared with domains at sign-up.
    total_pending_invitations: 0,
    total_pending_suggestions: 0,
    public_organization_data: organization ? publicOrganizationJson(organization) : null,
    created_at: domain.created_at,
    updated_at: domain.updated_at,
  }
}

/** @throws ApiError 404 */
export const getDomain = ({ store }: Instance, organizationId: string, id: string): DomainRecord => {
  const domain = store.domains.get(id)
  if (!domain || domain.organization_id !== organizationId) throw notFound(`No domain was found with id ${id}.`)
  return domain
}

/** @throws ApiError 403 for a mode that the instance does not have, 422 for one that needs a verified domain. */
const assertMode = ({ settings }: Instance, mode: EnrollmentMode, verified: boolean): void => {
  if (!settings.enrollmentModes.includes(mode))
    throw new ApiError(
      403,
      'organization_domain_enrollment_mode_not_enabled',
      'organization enrollment mode not enabled',
      {
        longMessage: `Enrollment mode ${mode} is not enabled for this instances's organizations.`,
      },
    )
  if (!verified && mode !== 'manual_invitation')
    throw formError(
      'form_conditional_param_disallowed',
      'enrollment_mode',
      'is not allowed',
      `\`enrollment_mode\` isn't allowed to be ${mode} when \`verified\` is false.`,
    )
}

const exists = (): ApiError =>
  formError(
    'organization_domain_already_exists',
    'name',
    'organizaton domain already exists',
    'This domain is already used by another organization.',
  )

/** A name is used once in an organization, and once in the instance by a domain that is verified. */
const assertFreeName = (
  { store }: Instance,
  domain: { name: string; organization_id: string; verified: boolean },
): void => {
  for (const other of store.domains.byCreation())
    if (other !== domain && other.name === domain.name)
      if (other.organization_id === domain.organization_id || (other.verified && domain.verified)) throw exists()
}

const domainsOf = ({ store }: Instance, organizationId: string): DomainRecord[] =>
  store.domains.byCreation().filter(({ organization_id }) => organization_id === organizationId)

/** POST /organizations/{id}/domains: verified, unless the request says otherwise. */
export const createDomain = (
  instance: Instance,
  organization: OrganizationRecord,
  body: CreateDomainBody,
): DomainRecord => {
  const verified = body.verified ?? true
  assertMode(instance, body.enrollment_mode, verified)
  if (commonProviders.has(body.name))
    throw formError(
      'organization_domain_common',
      'name',
      'common email domain',
      'This is a common email provider domain. Please use a different one.',
    )
  assertFreeName(instance, { name: body.name, organization_id: organization.id, verified })
  if (domainsOf(instance, organization.id).length >= DOMAINS_OF_ORGANIZATION)
    throw new ApiError(403, 'organization_domain_quota_exceeded', 'organization domains quota exceeded', {
      longMessage: `You have reached your limit of ${DOMAINS_OF_ORGANIZATION} domains per organization.`,
    })
  const now = instance.now()
  const domain: DomainRecord = {
    id: instance.newId('orgdmn'),
    seq: instance.nextSeq(),
    organization_id: organization.id,
    name: body.name,
    enrollment_mode: body.enrollment_mode,
    verified,
    ownership_verified_at: null,
    created_at: now,
    updated_at: now,
  }
  instance.store.domains.insert(domain)
  instance.emit('organizationDomain.created', domainJson(instance, domain))
  return domain
}

const domainChanged = (instance: Instance, domain: DomainRecord): void => {
  domain.updated_at = instance.now()
  instance.store.domains.touch()
  instance.emit('organizationDomain.updated', domainJson(instance, domain))
}

/** PATCH /organizations/{id}/domains/{id}. */
export const updateDomain = (instance: Instance, domain: DomainRecord, body: UpdateDomainBody): void => {
  const verified = body.verified ?? domain.verified
  const mode = body.enrollment_mode ?? domain.enrollment_mode
  assertMode(instance, mode, verified)
  if (verified && !domain.verified)
    for (const other of instance.store.domains.byCreation())
      if (other !== domain && other.verified && other.name === domain.name) throw exists()
  domain.verified = verified
  domain.enrollment_mode = mode
  domainChanged(instance, domain)
}

/** POST …/verify_ownership: a second time changes nothing and tells nobody. */
export const verifyOwnership = (instance: Instance, domain: DomainRecord): void => {
  if (domain.ownership_verified_at !== null) return
  domain.ownership_verified_at = instance.now()
  domainChanged(instance, domain)
}

/** Takes a domain away, with or without its event. */
export const deleteDomain = (instance: Instance, domain: DomainRecord, withEvent: boolean): object => {
  instance.store.domains.remove(domain)
  const deleted = deletedJson('organization_domain', { id: domain.id })
  if (withEvent) instance.emit('organizationDomain.deleted', deleted)
  return deleted
}

type Test = (domain: DomainRecord) => boolean

/** Filters that both lists of domains have. */
const sharedTests = (c: ClerkContext): Test[] => {
  const tests: Test[] = []
  const verified = c.req.query('verified')
  if (verified !== undefined && verified !== 'true' && verified !== 'false')
    throw invalidValue('verified', 'verified must be true or false.')
  if (verified !== undefined) tests.push((domain) => domain.verified === (verified === 'true'))
  const modes = (listParam(c, 'enrollment_mode') ?? []).map(readSign)
  for (const { value } of modes)
    if (!enrollmentModes.some((mode) => mode === value))
      throw invalidValue('enrollment_mode', `enrollment_mode must be one of ${enrollmentModes.join(', ')}.`)
  const wanted = new Set(modes.filter(({ excluded }) => !excluded).map(({ value }) => value))
  const unwanted = new Set(modes.filter(({ excluded }) => excluded).map(({ value }) => value))
  if (wanted.size > 0) tests.push(({ enrollment_mode }) => wanted.has(enrollment_mode))
  if (unwanted.size > 0) tests.push(({ enrollment_mode }) => !unwanted.has(enrollment_mode))
  return tests
}

const page = (domains: readonly DomainRecord[], tests: readonly Test[], c: ClerkContext): ListPage<DomainRecord> => {
  const order = readOrder(c, ['created_at', 'name'], { key: 'created_at', descending: true })
  const matching = domains.filter((domain) => tests.every((test) => test(domain)))
  return pageOf(matching.sort(compareBy((domain) => domain[order.key], order.descending)), readPage(c))
}

/** GET /organizations/{id}/domains. */
export const listDomainsOf = (instance: Instance, organizationId: string, c: ClerkContext): ListPage<DomainRecord> =>
  page(domainsOf(instance, organizationId), sharedTests(c), c)

/** GET /organization_domains: those of the whole instance. */
export const listAllDomains = ({ store }: Instance, c: ClerkContext): ListPage<DomainRecord> => {
  const tests = sharedTests(c)
  const organizationId = c.req.query('organization_id')
  if (organizationId) tests.push((domain) => domain.organization_id === organizationId)
  const names = listParam(c, 'domains')
  if (names) tests.push(({ name }) => names.includes(name))
  const query = c.req.query('query')?.trim()
  if (query === '') throw invalidValue('query', 'query must not be empty.')
  if (query?.startsWith('org_')) tests.push((domain) => domain.organization_id === query)
  else if (query) tests.push(({ name }) => name.includes(query.toLowerCase()))
  return page(store.domains.byCreation(), tests, c)
}
