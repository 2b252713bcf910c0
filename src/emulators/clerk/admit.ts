import type { Context } from 'hono'
import { userAttributes } from './entities.ts'
import { ApiError, formError } from './errors.ts'
import type { Instance } from './instance.ts'
import type { Shape } from './read-object.ts'
import { readBody } from './request.ts'

/** Versions of the Backend API, oldest first. */
const apiVersions: readonly string[] = ['2021-02-05', '2024-10-01', '2025-04-10', '2025-11-10', '2026-05-12']

/** Checks the secret key. @throws ApiError 401 */
export const assertSecretKey = (c: Context, secretKey: string): void => {
  const header = c.req.header('authorization')
  if (header === undefined)
    throw new ApiError(401, 'authentication_invalid', 'Invalid authentication', {
      longMessage: 'Unable to authenticate the request, you need to supply an active session or a secret key.',
    })
  const [scheme, key] = header.split(' ')
  if (scheme?.toLowerCase() !== 'bearer' || !key)
    throw new ApiError(401, 'authorization_header_format_invalid', 'Invalid Authorization header format', {
      longMessage: 'Invalid Authorization header format. Must be "Bearer <YOUR_API_KEY>"',
    })
  if (key !== secretKey)
    throw new ApiError(401, 'clerk_key_invalid', 'The provided Clerk Secret Key is invalid.', {
      longMessage: 'The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.',
    })
}

/** The API version that a request asks for, by header or by query. @throws ApiError 400 for both at once or an unknown one */
export const readApiVersion = (c: Context, fallback: string): string => {
  const header = c.req.header('clerk-api-version')
  const query = c.req.query('__clerk_api_version')
  if (header !== undefined && query !== undefined)
    throw new ApiError(400, 'api_version_invalid', 'Invalid API version', {
      longMessage: 'The API version must be given either as a header or as a query parameter.',
    })
  const version = header ?? query ?? fallback
  if (!apiVersions.includes(version))
    throw new ApiError(400, 'api_version_invalid', 'Invalid API version', {
      longMessage: `The API version must be one of ${apiVersions.join(', ')}.`,
    })
  return version
}

/**
 * The body of a request about a user, which may not name what the instance has switched off.
 * @throws ApiError 422
 */
export const readAboutUser = async <T extends object>(
  c: Context,
  { settings }: Instance,
  shape: Shape<T>,
  required: readonly (keyof T & string)[] = [],
): Promise<T> => {
  const body = await readBody(c, shape, required)
  const off = userAttributes.find((name) => Object.hasOwn(body, name) && !settings.userAttributes.includes(name))
  if (off) throw formError('form_param_unknown', off, 'is unknown', `${off} is not a valid parameter for this request.`)
  return body
}

const aboutOrganizations = /^\/v1\/(organizations|organization_\w+|role_sets|users\/[^/]+\/organization_\w+)(\/|$)/

/** @throws ApiError 403 for what is about organizations, on an instance without them. */
export const assertOrganizations = (path: string, enabled: boolean): void => {
  if (!enabled && aboutOrganizations.test(path))
    throw new ApiError(403, 'organization_not_enabled_in_instance', 'access denied', {
      longMessage:
        'The organizations feature is not enabled for this instance. You can enable it at https://dashboard.clerk.com.',
    })
}

/** Since 2026-05-12 only the metadata endpoints change metadata. @throws ApiError 422 */
export const assertNoMetadata = (apiVersion: string, body: object): void => {
  if (apiVersion < '2026-05-12') return
  for (const field of ['public_metadata', 'private_metadata', 'unsafe_metadata'])
    if (Object.hasOwn(body, field))
      throw formError(
        'form_param_deprecated',
        field,
        'is deprecated',
        `${field} is not accepted here since API version 2026-05-12; use the metadata endpoint.`,
      )
}
