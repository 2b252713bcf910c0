import { Hono } from 'hono'
import { ApiError } from '../errors.ts'
import type { ClerkEnv } from '../request.ts'

/** What Clerk's Backend API has and the emulator does not, by the first part of the path. */
const paths: readonly string[] = [
  'accountless_applications',
  'actor_tokens',
  'admin_portal_link_tokens',
  'agents',
  'allowlist_identifiers',
  'api_keys',
  'beta_features',
  'billing',
  'blocklist_identifiers',
  'clients',
  'directories',
  'domains',
  'email',
  'enterprise_connections',
  'instance',
  'jwks',
  'jwt_templates',
  'm2m_tokens',
  'machines',
  'oauth_applications',
  'proxy_checks',
  'public',
  'redirect_urls',
  'saml_connections',
  'scim_directories',
  'sessions',
  'sign_in_tokens',
  'sign_ups',
  'templates',
  'testing_tokens',
]

/** Says clearly that it is the emulator which lacks something, where a 404 would look like a missing record. */
export const beyondRoutes = (): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  for (const path of paths)
    for (const pattern of [`/${path}`, `/${path}/*`])
      app.all(pattern, (c) => {
        throw new ApiError(501, 'not_emulated', 'not emulated', {
          longMessage: `${c.req.method} ${c.req.path} is part of Clerk's Backend API, but not of this emulator; FIDELITY.md lists what is.`,
        })
      })
  return app
}
