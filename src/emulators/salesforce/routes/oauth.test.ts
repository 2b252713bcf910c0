import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

type Answer = { status: number; body: Record<string, unknown> }

const post = async ({ app }: TestClient, path: string, form: Record<string, string>): Promise<Answer> => {
  const reply = await app.request(`/services/oauth2/${path}`, { method: 'POST', body: new URLSearchParams(form) })
  const text = await reply.text()
  return { status: reply.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}
const client = ({ clientId, clientSecret }: TestClient) => ({ client_id: clientId, client_secret: clientSecret })
const refresh = (salesforce: TestClient, refresh_token: string) =>
  post(salesforce, 'token', { grant_type: 'refresh_token', refresh_token, ...client(salesforce) })
const isLive = async ({ app }: TestClient, token: unknown) =>
  (await app.request('/services/data/v66.0/limits', { headers: { authorization: `Bearer ${String(token)}` } }))
    .status === 200

test('a refresh token gives an access token and, where they rotate, another refresh token in its place', async () => {
  const salesforce = openSalesforce()
  const first = salesforce.refreshToken()
  const { status, body } = await refresh(salesforce, first)
  expect(status).toBe(200)
  expect(await isLive(salesforce, body['access_token'])).toBe(true)
  expect(await refresh(salesforce, first)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  expect(await refresh(salesforce, String(body['refresh_token']))).toMatchObject({ status: 200 })
})

test('where refresh tokens do not rotate, one serves again and again', async () => {
  const salesforce = openSalesforce({ refreshTokenRotation: false })
  const token = salesforce.refreshToken()
  for (let i = 0; i < 2; i++) {
    const { status, body } = await refresh(salesforce, token)
    expect([status, body['refresh_token']]).toEqual([200, undefined])
  }
})

test('revoking a refresh token ends the access tokens that came by it, and no others', async () => {
  const salesforce = openSalesforce()
  const { body } = await refresh(salesforce, salesforce.refreshToken())
  const other = await salesforce.token()
  expect(await post(salesforce, 'revoke', { token: String(body['refresh_token']) })).toMatchObject({ status: 200 })
  expect([await isLive(salesforce, body['access_token']), await isLive(salesforce, other)]).toEqual([false, true])
  expect(await refresh(salesforce, String(body['refresh_token']))).toMatchObject({ status: 400 })
  expect(await post(salesforce, 'revoke', { token: 'nonsense' })).toMatchObject({ status: 400 })
})

test('introspection tells when a token ends, and of a dead one nothing', async () => {
  const clock = manualClock()
  const salesforce = openSalesforce({ clock, tokenLifetimeMs: 60_000 })
  const token = await salesforce.token()
  const ask = () => post(salesforce, 'introspect', { token, token_type_hint: 'access_token', ...client(salesforce) })
  const at = Math.floor(clock.now() / 1000)
  expect((await ask()).body).toMatchObject({ active: true, token_type: 'access_token', iat: at, exp: at + 60 })
  await clock.advance(60_000)
  expect((await ask()).body).toEqual({ active: false })
  expect(await post(salesforce, 'introspect', { token, client_id: 'x' })).toMatchObject({ status: 401 })
})

test('the username-password flow works only where an admin allows it, and with the right password', async () => {
  const salesforce = openSalesforce()
  const signIn = (password: string) =>
    post(salesforce, 'token', {
      grant_type: 'password',
      username: salesforce.username,
      password,
      ...client(salesforce),
    })
  expect(await signIn('emulated')).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } })
  salesforce.settings.passwordFlow = true
  expect(await signIn('emulated')).toMatchObject({ status: 200 })
  expect(await signIn('wrong')).toMatchObject({
    status: 400,
    body: { error: 'invalid_grant', error_description: 'authentication failure' },
  })
})

test('a client may send its id and secret as Basic authentication', async () => {
  const salesforce = openSalesforce()
  const { clientId, clientSecret } = salesforce
  const ask = async (secret: string, path = 'token') => {
    const reply = await salesforce.app.request(`/services/oauth2/${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', token: await salesforce.token() }),
    })
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> }
  }
  const { status, body } = await ask(clientSecret)
  expect([status, await isLive(salesforce, body['access_token'])]).toEqual([200, true])
  expect(await ask('wrong')).toMatchObject({ status: 400, body: { error: 'invalid_client' } })
  expect(await ask(clientSecret, 'introspect')).toMatchObject({ status: 200, body: { active: true } })
})
