import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Context, Hono } from 'hono'
import { decodeJwt, jwtVerify } from 'jose'
import type { Org } from '../org.ts'
import { showDateTime } from '../records/values.ts'
import type { Tokens } from './tokens.ts'

/** What an External Client App and its user are made of. */
export type Credentials = {
  clientId: string
  clientSecret: string
  username: string
  password: string
  /** PEM of the key that signs assertions; only there when the emulator made the pair itself. */
  privateKey: () => string | undefined
  publicKey: () => KeyObject
}

/** @param publicKey PEM to check assertions with; without it a pair is made when first asked for */
export const createCredentials = (
  given: { clientId?: string; clientSecret?: string; username?: string; password?: string; publicKey?: string },
  org: Org,
): Credentials => {
  let pair: { privateKey: string; publicKey: KeyObject } | undefined
  const made = () => {
    if (!pair) {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      pair = { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKey }
    }
    return pair
  }
  const pem = given.publicKey
  return {
    clientId: given.clientId ?? `3MVG9${org.random.text(60)}`,
    clientSecret: given.clientSecret ?? org.random.text(64, '0123456789ABCDEF'),
    username: given.username ?? 'integration@example.com',
    password: given.password ?? 'emulated',
    privateKey: () => (pem === undefined ? made().privateKey : undefined),
    publicKey: () => (pem === undefined ? made().publicKey : createPublicKey(pem)),
  }
}

// Id and secret may come as HTTP Basic authentication instead (Salesforce Platform APIs collection for Postman, "Client
// Credentials Flow - basic authorization header"); what the body says goes first.
const formOf = async (c: Context): Promise<URLSearchParams> => {
  const form = new URLSearchParams(await c.req.text())
  const [, encoded] = /^Basic\s+(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? []
  if (id === undefined || secret === undefined || form.has('client_id')) return form
  form.set('client_id', id)
  form.set('client_secret', secret)
  return form
}

const jwtGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

type Refusal = { error: string; error_description: string }
const refusal = (error: string, error_description: string): Refusal => ({ error, error_description })

const checkClient = (form: URLSearchParams, credentials: Credentials): Refusal | undefined => {
  if (form.get('client_id') !== credentials.clientId) return refusal('invalid_client_id', 'client identifier invalid')
  if (form.get('client_secret') !== credentials.clientSecret)
    return refusal('invalid_client', 'invalid client credentials')
  return undefined
}

const checkAssertion = async (
  form: URLSearchParams,
  credentials: Credentials,
  org: Org,
  origin: string,
): Promise<Refusal | undefined> => {
  const assertion = form.get('assertion') ?? ''
  try {
    const { iss, sub, aud, exp } = decodeJwt(assertion)
    if (iss !== credentials.clientId) return refusal('invalid_client_id', 'client identifier invalid')
    if (typeof exp !== 'number' || exp * 1000 <= org.clock.now())
      return refusal('invalid_grant', 'expired authorization code')
    const audiences = [origin, 'https://login.salesforce.com', 'https://test.salesforce.com']
    if (typeof aud !== 'string' || !audiences.includes(aud.replace(/\/$/, '')))
      return refusal('invalid_grant', 'audience is invalid')
    await jwtVerify(assertion, credentials.publicKey(), {
      algorithms: ['RS256'],
      currentDate: new Date(org.clock.now()),
    })
    if (sub !== credentials.username) return refusal('invalid_grant', "user hasn't approved this consumer")
    return undefined
  } catch {
    return refusal('invalid_grant', 'invalid assertion')
  }
}

const identityOf = (org: Org, origin: string, username: string) => ({
  // Real bodies carry the login host here, https always; clients check the scheme.
  id: `https://login.salesforce.com/id/${org.orgId}/${org.userId}`,
  asserted_user: true,
  user_id: org.userId,
  organization_id: org.orgId,
  username,
  nick_name: 'integration',
  display_name: 'Integration User',
  email: username,
  active: true,
  user_type: 'STANDARD',
  urls: { rest: `${origin}/services/data/v{version}/`, query: `${origin}/services/data/v{version}/query/` },
  last_modified_date: showDateTime(0),
})

const checkPassword = (form: URLSearchParams, credentials: Credentials, org: Org): Refusal | undefined => {
  if (!org.settings.passwordFlow) return refusal('unsupported_grant_type', 'grant type not supported')
  const wrong = form.get('username') !== credentials.username || form.get('password') !== credentials.password
  return checkClient(form, credentials) ?? (wrong ? refusal('invalid_grant', 'authentication failure') : undefined)
}

// A client of the web server flow may be a public one, without a secret; a secret that is given must be right.
const checkRefresh = (form: URLSearchParams, credentials: Credentials, tokens: Tokens): Refusal | undefined => {
  if (form.get('client_id') !== credentials.clientId) return refusal('invalid_client_id', 'client identifier invalid')
  if (form.has('client_secret') && form.get('client_secret') !== credentials.clientSecret)
    return refusal('invalid_client', 'invalid client credentials')
  return tokens.isRefresh(form.get('refresh_token') ?? '')
    ? undefined
    : refusal('invalid_grant', 'expired access/refresh token')
}

type Sources = { org: Org; credentials: Credentials; tokens: Tokens }

const checkGrant = async (
  form: URLSearchParams,
  { org, credentials, tokens }: Sources,
  origin: string,
): Promise<Refusal | undefined> => {
  const grant = form.get('grant_type')
  if (grant === 'client_credentials') return checkClient(form, credentials)
  if (grant === jwtGrant) return checkAssertion(form, credentials, org, origin)
  if (grant === 'password') return checkPassword(form, credentials, org)
  if (grant === 'refresh_token') return checkRefresh(form, credentials, tokens)
  return refusal('unsupported_grant_type', 'grant type not supported')
}

/** What a grant gives beyond what all give. With rotation the refresh token that was used is no longer good. */
const extrasOf = (form: URLSearchParams, { org, tokens }: Sources): Record<string, string> => {
  const grant = form.get('grant_type')
  if (grant === jwtGrant) return { access_token: tokens.issue(), scope: 'api' }
  const signed = { signature: 'emulated', token_format: 'opaque' }
  if (grant !== 'refresh_token') return { access_token: tokens.issue(), ...signed }
  const used = form.get('refresh_token') ?? ''
  if (!org.settings.refreshTokenRotation)
    return { access_token: tokens.issue(used), ...signed, scope: 'refresh_token api' }
  const next = tokens.rotate(used)
  return { access_token: tokens.issue(next), refresh_token: next, ...signed, scope: 'refresh_token api' }
}

const tokenRoutes = (app: Hono, sources: Sources): void => {
  const { org, credentials, tokens } = sources
  app.post('/services/oauth2/token', async (c) => {
    const { origin } = new URL(c.req.url)
    const form = await formOf(c)
    const refused = await checkGrant(form, sources, origin)
    if (refused) return c.json(refused, 400)
    return c.json({
      ...extrasOf(form, sources),
      instance_url: origin,
      id: `${origin}/id/${org.orgId}/${org.userId}`,
      token_type: 'Bearer',
      issued_at: String(org.clock.now()),
    })
  })
  const given = async (c: Context) =>
    c.req.method === 'POST' ? new URLSearchParams(await c.req.text()) : new URL(c.req.url).searchParams
  app.on(['GET', 'POST'], '/services/oauth2/revoke', async (c) => {
    const token = (await given(c)).get('token') ?? ''
    if (tokens.revoke(token)) return c.body(null, 200)
    return c.json(refusal('unsupported_token_type', 'this token type is not supported'), 400)
  })
  app.post('/services/oauth2/introspect', async (c) => {
    const form = await formOf(c)
    const refused = checkClient(form, credentials)
    if (refused) return c.json(refused, 401)
    const token = form.get('token') ?? ''
    const found = tokens.find(token)
    if (!found && !tokens.isRefresh(token)) return c.json({ active: false })
    const seconds = (at: number) => Math.floor(at / 1000)
    return c.json({
      active: true,
      scope: found ? 'api' : 'refresh_token api',
      client_id: credentials.clientId,
      username: credentials.username,
      sub: `${new URL(c.req.url).origin}/id/${org.orgId}/${org.userId}`,
      token_type: found ? 'access_token' : 'refresh_token',
      ...(found ? { exp: seconds(found.until), iat: seconds(found.issuedAt), nbf: seconds(found.issuedAt) } : {}),
    })
  })
}

/** Adds the endpoints of tokens and of identity. */
export const oauthRoutes = (app: Hono, org: Org, credentials: Credentials, tokens: Tokens): void => {
  tokenRoutes(app, { org, credentials, tokens })
  const bearer = (authorization: string | undefined, query: string | undefined): string =>
    /^(?:Bearer|OAuth)\s+(.+)$/i.exec(authorization ?? '')?.[1] ?? query ?? ''
  app.get('/services/oauth2/userinfo', (c) => {
    if (!tokens.isLive(bearer(c.req.header('authorization'), undefined))) return c.text('Bad_OAuth_Token', 403)
    const { origin } = new URL(c.req.url)
    const { user_id, organization_id, username, display_name, email } = identityOf(org, origin, credentials.username)
    return c.json({
      sub: `${origin}/id/${org.orgId}/${org.userId}`,
      user_id,
      organization_id,
      preferred_username: username,
      name: display_name,
      email,
    })
  })
  app.get('/id/:org/:user', (c) => {
    if (!tokens.isLive(bearer(c.req.header('authorization'), c.req.query('oauth_token'))))
      return c.text('Bad_OAuth_Token', 403)
    return c.json(identityOf(org, new URL(c.req.url).origin, credentials.username))
  })
}
