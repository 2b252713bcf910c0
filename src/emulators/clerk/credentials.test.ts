import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { callClerkEmulator } from '../../../test/support/clerk-emulator.ts'
import { manualClock } from '../kit/clock.ts'
import { totpCode } from './second-factors.ts'

const ada = { email_address: ['ada@example.com'] }

test('authenticators follow RFC 6238: its published codes come out', () => {
  // The RFC's SHA-1 secret in base32, and its test vectors cut to six digits.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  const vectors: [number, string][] = [
    [59, '287082'],
    [1111111109, '081804'],
    [1234567890, '005924'],
    [20000000000, '353130'],
  ]
  for (const [seconds, code] of vectors) expect(totpCode(secret, seconds * 1_000)).toBe(code)
})

test('passwords are long enough, not everybody’s, and come alone or as a digest with its hasher', async () => {
  const { refusal, ok } = callClerkEmulator()
  const codes: [object, string][] = [
    [{ password: 'short' }, 'form_password_length_too_short'],
    [{ password: '12345678' }, 'form_password_pwned'],
    [{ password: 'é'.repeat(40) }, 'form_password_size_in_bytes_exceeded'],
    [{ password_digest: 'x' }, 'form_conditional_param_missing'],
    [{ password_hasher: 'md5' }, 'form_conditional_param_missing'],
    [{ password_digest: 'x', password_hasher: 'rot13' }, 'form_param_value_invalid'],
    [{ password_digest: 'x', password_hasher: 'bcrypt' }, 'form_password_digest_invalid_code'],
    [{ password: 'long enough', password_digest: 'x', password_hasher: 'md5' }, 'form_conditional_param_disallowed'],
    [{ totp_secret: 'not base32!' }, 'invalid_totp_secret_code'],
  ]
  for (const [body, code] of codes)
    expect(await refusal('POST', '/v1/users', { ...ada, ...body })).toMatchObject({ status: 422, code })
  await ok('POST', '/v1/users', { ...ada, password: '12345678', skip_password_checks: true })
})

test('a password is verified by itself or by a digest that can be computed, and may be removed', async () => {
  const { made, refusal, ok, events } = callClerkEmulator()
  const digest = createHash('sha256').update('difference engine').digest('hex')
  const id = await made('/v1/users', { ...ada, password_digest: digest, password_hasher: 'sha256' })
  const verify = (password: string) => refusal('POST', `/v1/users/${id}/verify_password`, { password })
  expect((await verify('difference engine')).status).toBe(200)
  expect(await verify('other')).toEqual({ status: 422, code: 'incorrect_password' })
  expect((await refusal('PATCH', `/v1/users/${id}`, { sign_out_of_other_sessions: true })).code).toBe(
    'form_conditional_param_missing',
  )
  await ok('PATCH', `/v1/users/${id}`, { password: 'analytical engine', sign_out_of_other_sessions: true })
  expect((await verify('analytical engine')).status).toBe(200)
  await ok('POST', `/v1/users/${id}/remove_password`)
  const before = events().length
  expect(await ok('POST', `/v1/users/${id}/remove_password`, {})).toMatchObject({ password_enabled: false })
  expect(events()).toHaveLength(before)
  expect(await verify('analytical engine')).toEqual({ status: 400, code: 'no_password_set' })
})

test('codes of an authenticator count a period early and late, backup codes once, and MFA keeps its times', async () => {
  const clock = manualClock()
  const { made, refusal, ok } = callClerkEmulator({ clock })
  const secret = 'JBSWY3DPEHPK3PXP'
  const id = await made('/v1/users', { ...ada, totp_secret: secret, backup_codes: ['backup'] })
  const code = totpCode(secret, clock.now())
  const verify = (given: string) => refusal('POST', `/v1/users/${id}/verify_totp`, { code: given })
  await clock.advance(30_000)
  expect((await verify(code)).status).toBe(200)
  await clock.advance(30_000)
  expect(await verify(code)).toEqual({ status: 422, code: 'totp_incorrect_code' })
  expect((await verify('backup')).status).toBe(200)
  expect(await verify('backup')).toEqual({ status: 422, code: 'totp_incorrect_code' })
  expect((await verify('1234567')).code).toBe('totp_invalid_length')
  expect(await ok('GET', `/v1/users/${id}`)).toMatchObject({ two_factor_enabled: true, mfa_disabled_at: null })
  await ok('DELETE', `/v1/users/${id}/mfa`)
  expect(await ok('GET', `/v1/users/${id}`)).toMatchObject({
    two_factor_enabled: false,
    mfa_disabled_at: clock.now(),
  })
  expect(await verify(code)).toEqual({ status: 400, code: 'totp_disabled' })
})

test('a number as second factor must be verified, the first is the default, and the default is inherited', async () => {
  const { made, refusal, ok } = callClerkEmulator()
  const user_id = await made('/v1/users', ada)
  const phone = (n: number, more = {}) => ({ user_id, phone_number: `+1555123456${n}`, ...more })
  const second = { reserved_for_second_factor: true }
  expect((await refusal('POST', '/v1/phone_numbers', phone(1, second))).code).toBe(
    'identification_create_second_factor_unverified',
  )
  const first = await ok('POST', '/v1/phone_numbers', phone(1, { ...second, verified: true }))
  const other = await ok('POST', '/v1/phone_numbers', phone(2, { ...second, verified: true }))
  expect([first, other].map((one) => one['default_second_factor'])).toEqual([true, false])
  await ok('DELETE', `/v1/phone_numbers/${first.id}`)
  expect(await ok('GET', `/v1/phone_numbers/${other.id}`)).toMatchObject({ default_second_factor: true })
  expect((await refusal('PATCH', `/v1/phone_numbers/${other.id}`, { verified: false })).status).not.toBe(200)
})

test('a code that was sent verifies an address; a wrong one is a status, five of them a failure, a late one expires', async () => {
  const clock = manualClock()
  const { made, refusal, ok, webhooks, events } = callClerkEmulator({ clock })
  const user_id = await made('/v1/users', { username: 'ada_l' })
  const path = `/v1/email_addresses/${await made('/v1/email_addresses', { user_id, email_address: 'ada@example.com' })}`
  const prepare = async () => (await ok('POST', `${path}/prepare_verification`)).id
  const attempt = (verification_id: string, code: string) =>
    ok('POST', `${path}/attempt_verification`, { verification_id, code })
  const codeSent = (): string => {
    const { data } = JSON.parse(webhooks.messages().at(-1)?.body ?? '{}') as { data: { data: { otp_code: string } } }
    return data.data.otp_code
  }
  let id = await prepare()
  for (let i = 1; i < 5; i++) expect(await attempt(id, 'wrong')).toMatchObject({ status: 'unverified', attempts: i })
  expect(await attempt(id, 'wrong')).toMatchObject({ status: 'failed', attempts: 5 })
  expect(await attempt(id, codeSent())).toMatchObject({ status: 'failed' })
  id = await prepare()
  await clock.advance(600_000)
  expect(await attempt(id, codeSent())).toMatchObject({ status: 'expired' })
  const old = id
  id = await prepare()
  expect(
    (await refusal('POST', `${path}/attempt_verification`, { verification_id: old, code: codeSent() })).status,
  ).toBe(404)
  expect(await attempt(id, codeSent())).toMatchObject({ status: 'verified', strategy: 'email_code' })
  expect(events().at(-1)).toBe('user.updated')
  expect(await ok('GET', path)).toMatchObject({ verification: { object: 'verification_otp', status: 'verified' } })
  expect((await refusal('POST', `${path}/attempt_verification`, { verification_id: id, code: '1' })).code).toBe(
    'verification_already_verified',
  )
})

test('in development, test addresses take 424242 and get no message; in production they are like any other', async () => {
  for (const [environment, messages] of [
    ['development', 0],
    ['production', 1],
  ] as const) {
    const { made, ok, events } = callClerkEmulator({ environment })
    const user_id = await made('/v1/users', ada)
    const phone = await made('/v1/phone_numbers', { user_id, phone_number: '+12015550123' })
    const { id } = await ok('POST', `/v1/phone_numbers/${phone}/prepare_verification`)
    expect(events().filter((type) => type === 'sms.created')).toHaveLength(messages)
    const body = { verification_id: id, code: '424242' }
    expect(await ok('POST', `/v1/phone_numbers/${phone}/attempt_verification`, body)).toMatchObject({
      status: environment === 'development' ? 'verified' : 'unverified',
    })
  }
})

test('users are found by their accounts elsewhere, which only the pair of provider and id names', async () => {
  const { made, refusal, ok, call } = callClerkEmulator()
  const user_id = await made('/v1/users', ada)
  await ok('POST', '/_emulator/external-accounts', { user_id, provider: 'google', provider_user_id: '7' })
  const ids = async (query: string) =>
    ((await call('GET', `/v1/users?${query}`)).body as { id: string }[]).map(({ id }) => id)
  expect(await ids('provider=oauth_google&provider_user_id=7')).toEqual([user_id])
  expect(await ids('provider=google&provider_user_id=8')).toEqual([])
  expect((await refusal('GET', '/v1/users?provider=google')).code).toBe('form_conditional_param_missing')
  expect((await refusal('GET', '/v1/users/count?provider_user_id=7')).status).toBe(422)
})

test('a picture must be one, of a known kind and not too large', async () => {
  const { made, app, secretKey } = callClerkEmulator()
  const id = await made('/v1/users', ada)
  const upload = async (file?: Blob) => {
    const body = new FormData()
    if (file) body.set('file', file, 'picture')
    const response = await app.request(`/v1/users/${id}/profile_image`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secretKey}` },
      body,
    })
    return response.status
  }
  const png = { type: 'image/png' }
  expect(await upload(new Blob(['x'], png))).toBe(200)
  expect(await upload()).toBe(400)
  expect(await upload(new Blob(['x'], { type: 'text/plain' }))).toBe(400)
  expect(await upload(new Blob([new Uint8Array(10 * 1024 * 1024 + 1)], png))).toBe(413)
})

test('credits are adjusted once for each idempotency key, and never below nothing', async () => {
  const { made, refusal, ok } = callClerkEmulator()
  const path = `/v1/users/${await made('/v1/users', ada)}/billing/credits`
  expect(await ok('GET', path)).toMatchObject({ balance: null })
  const grant = { amount: 1250, action: 'increase', idempotency_key: 'k' }
  const first = await ok('POST', path, grant)
  expect(await ok('POST', path, grant)).toEqual(first)
  expect((await refusal('POST', path, { ...grant, amount: 1 })).status).toBe(409)
  expect(
    (await refusal('POST', path, { ...grant, action: 'decrease', amount: 2000, idempotency_key: 'l' })).status,
  ).toBe(422)
  expect(await ok('GET', path)).toMatchObject({ balance: { amount: 1250, amount_formatted: '12.50' } })
})

test('an instance with a limit of users refuses one more', async () => {
  const { made, refusal } = callClerkEmulator({ userLimit: 1 })
  await made('/v1/users', ada)
  expect(await refusal('POST', '/v1/users', { email_address: ['b@example.com'] })).toMatchObject({
    status: 403,
    code: 'user_quota_exceeded',
  })
})
