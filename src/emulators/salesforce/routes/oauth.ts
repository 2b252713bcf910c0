import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Hono } from 'hono'
import { decodeJwt, jwtVerify } from 'jose'
import type { Org } from '../org.ts'
import { showDateTime } from '../records/values.ts'

/** What an External Client App and its user are made of. */
export type Credentials = {
  clientId: string
  clientSecret: string
  username: string
  /** PEM of the key that signs assertions; only there when the emulator made the pair itself. */
  privateKey: () => string | undefined
  publicKey: () => KeyObject
}

/** @param publicKey PEM to check assertions with; without it a pair is made when first asked for */
export const createCredentials = (
  given: { clientId?: string; clientSecret?: string; username?: string; publicKey?: string },
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
    privateKey: () => (pem === undefined ? made().privateKey : undefined),
    publicKey: () => (pem === undefined ? made().publicKey : createPublicKey(pem)),
  }
}

/** Access tokens that were given and are not expired. */
export type Tokens = {
  issue: () => string
  isLive: (token: string) => boolean
  expireAll: () => void
}

export const createTokens = (org: Org): Tokens => {
  const expiry = new Map<string, number>()
  return {
    issue: () => {
      const token = `${org.orgId.slice(0, 15)}!${org.random.text(96)}`
      expiry.set(token, org.clock.now() + org.settings.tokenLifetimeMs)
      return token
    },
    isLive: (token) => {
      const until = expiry.get(token)
      if (until === undefined) return false
      if (org.clock.now() < until) return true
      expiry.delete(token)
      return false
    },
    expireAll: () => expiry.clear(),
  }
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

/** Adds the token endpoint and the identity endpoints. */
export const oauthRoutes = (app: Hono, org: Org, credentials: Credentials, tokens: Tokens): void => {
  app.post('/services/oauth2/token', async (c) => {
    const { origin } = new URL(c.req.url)
    const form = new URLSearchParams(await c.req.text())
    const grant = form.get('grant_type')
    const refused =
      grant === 'client_credentials'
        ? checkClient(form, credentials)
        : grant === jwtGrant
          ? await checkAssertion(form, credentials, org, origin)
          : refusal('unsupported_grant_type', 'grant type not supported')
    if (refused) return c.json(refused, 400)
    return c.json({
      access_token: tokens.issue(),
      ...(grant === jwtGrant ? { scope: 'api' } : { signature: 'emulated', token_format: 'opaque' }),
      instance_url: origin,
      id: `${origin}/id/${org.orgId}/${org.userId}`,
      token_type: 'Bearer',
      issued_at: String(org.clock.now()),
    })
  })
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
