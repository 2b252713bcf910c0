import { createPrivateKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { SettingError } from '../errors.ts'
import { SalesforceError } from './api.ts'
import { TokenAnswer, TokenRefusal } from './schemas.ts'
import { type Answer, ExchangeError, type Transport } from './transport.ts'

/** How we log in. Both flows belong to a server alone: no browser, and no refresh token (a new token is simply asked for). */
export type SalesforceAuth =
  | { kind: 'client-credentials'; clientId: string; clientSecret: string }
  /** `privateKey` is PEM, PKCS#8 or PKCS#1. `audience` overrides what `jwtAudience` makes of the login address. */
  | { kind: 'jwt-bearer'; clientId: string; username: string; privateKey: string; audience?: string }

export type Token = {
  readonly value: string
  readonly instanceUrl: URL
  /** Undefined where the login did not tell. Only change events need it. */
  readonly orgId: string | undefined
  /** Our own user, as the login named it. */
  readonly userId: string | undefined
}

export type TokenSource = {
  /** The token at hand, or a new one. However many ask at once, one request goes out. */
  current: () => Promise<Token>
  /** A token other than the one that was just rejected. */
  renewed: (rejected: Token) => Promise<Token>
}

export type TokenSourceOptions = { loginUrl: string; auth: SalesforceAuth; transport: Transport; now: () => number }

/** Guides name five minutes as the most that Salesforce accepts (its own page names no bound): three leave room for a wrong clock on either side. */
const ASSERTION_SECONDS = 180

/** Keeps one token for everybody. It is opaque to us: neither its age nor the org is read out of it (it may be a JWT, and need not be). */
export const createTokenSource = ({ loginUrl, auth, transport, now }: TokenSourceOptions): TokenSource => {
  const login = parseLoginUrl(loginUrl)
  const grant = grantOf(auth, login, now)
  let token: Token | undefined
  let minting: Promise<Token> | undefined

  const mint = (): Promise<Token> => {
    minting ??= requestToken(transport, login, grant)
      .then((fresh) => {
        token = fresh
        return fresh
      })
      .finally(() => {
        minting = undefined
      })
    return minting
  }
  return {
    current: async () => token ?? mint(),
    renewed: async (rejected) => {
      if (token === rejected) token = undefined
      return token ?? mint()
    },
  }
}

/**
 * The audience that Salesforce expects in a JWT: "https://login.salesforce.com, https://test.salesforce.com, or the Experience Cloud site"
 * (help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration"), also where the request goes to a My Domain address. Sandboxes and
 * scratch orgs are known by their host name. Any other host, such as an emulator or a site, is its own audience.
 */
export const jwtAudience = (loginUrl: string): string => {
  const { origin, hostname } = parseLoginUrl(loginUrl)
  if (!hostname.endsWith('.salesforce.com')) return origin
  const sandbox = hostname.includes('--') || /^(test|cs\d+)\.|\.(sandbox|scratch)\.my\./.test(hostname)
  return sandbox ? 'https://test.salesforce.com' : 'https://login.salesforce.com'
}

const parseLoginUrl = (loginUrl: string): URL => {
  const url = URL.parse(loginUrl)
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  throw new SettingError('The Salesforce login address must be a URL such as https://example.my.salesforce.com')
}

type Grant = () => Promise<URLSearchParams>

const grantOf = (auth: SalesforceAuth, login: URL, now: () => number): Grant => {
  if (auth.kind === 'client-credentials') {
    const form = { grant_type: 'client_credentials', client_id: auth.clientId, client_secret: auth.clientSecret }
    return async () => new URLSearchParams(form)
  }
  const key = privateKeyOf(auth.privateKey)
  const audience = auth.audience ?? jwtAudience(login.href)
  return async () => {
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(auth.clientId)
      .setSubject(auth.username)
      .setAudience(audience)
      .setExpirationTime(Math.floor(now() / 1000) + ASSERTION_SECONDS)
      .sign(key)
    return new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
  }
}

const privateKeyOf = (pem: string): KeyObject => {
  try {
    // Environment files often keep a key on one line, with its line ends written as \n.
    const key = createPrivateKey(pem.replaceAll('\\n', '\n'))
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // Node's own message can quote the text, so it is left out.
  }
  throw new SettingError('The Salesforce private key is not an RSA key in PEM form (BEGIN PRIVATE KEY)')
}

const requestToken = async (transport: Transport, login: URL, grant: Grant): Promise<Token> => {
  const request = {
    method: 'POST',
    url: new URL('/services/oauth2/token', login),
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: (await grant()).toString(),
  } as const
  let answer: Answer
  try {
    answer = await transport.exchange(request)
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    throw new SalesforceError('outage', error.code, `Salesforce login at ${login.host}: ${error.message}`, {
      cause: error.cause,
    })
  }
  return readToken(answer, login)
}

const readToken = ({ status, text }: Answer, login: URL): Token => {
  const fail = (kind: 'auth' | 'outage', code: string, words: string): SalesforceError =>
    new SalesforceError(kind, code, `Salesforce login at ${login.host}: ${status} ${code}${words && `: ${words}`}`, {
      status,
    })
  const body = jsonOrUndefined(text)
  if (status === 200) {
    const token = TokenAnswer.safeParse(body)
    if (!token.success) throw fail('outage', 'UNREADABLE_ANSWER', 'no access_token and instance_url in the answer')
    const instanceUrl = new URL(token.data.instance_url)
    if (login.protocol === 'https:' && instanceUrl.protocol !== 'https:') {
      throw fail('auth', 'INSECURE_INSTANCE_URL', 'the instance_url is not https; the token is not sent there')
    }
    return { value: token.data.access_token, instanceUrl, ...identityIn(token.data.id ?? '') }
  }
  if (status >= 500 || status === 408 || status === 420 || status === 429) throw fail('outage', `HTTP_${status}`, '')
  const refusal = TokenRefusal.safeParse(body)
  if (refusal.success) throw fail('auth', refusal.data.error, refusal.data.error_description ?? '')
  throw fail('auth', `HTTP_${status}`, 'is this the address of your org (My Domain)?')
}

/** The identity URL of an answer ends in the ids of org and user: `https://login.salesforce.com/id/00D.../005...`. */
const identityIn = (identity: string): Pick<Token, 'orgId' | 'userId'> => {
  const [, orgId, userId] = /\/id\/(00D[a-zA-Z0-9]{12,15})\/(005[a-zA-Z0-9]{12,15})?/.exec(identity) ?? []
  return { orgId, userId }
}

const jsonOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
