import { totpCode } from '../../../src/emulators/clerk/second-factors.ts'
import { type Driver, idOf } from '../driver.ts'

type Listed = Record<string, { id: string }[]>

/** Codes that are sent to addresses and numbers. */
export const codes = async ({ post, ask }: Driver): Promise<void> => {
  const user = await post('/users', { username: 'tester' })
  for (const [kind, plural, value] of [
    ['email_address', 'email_addresses', 'eve+clerk_test@example.com'],
    ['phone_number', 'phone_numbers', '+12015550100'],
  ] as const) {
    const path = `/${plural}/${idOf(await post(`/${plural}`, { user_id: idOf(user), [kind]: value }))}`
    const verification_id = idOf(await post(`${path}/prepare_verification`))
    await post(`${path}/attempt_verification`, { verification_id, code: '000000' })
    await post(`${path}/attempt_verification`, { verification_id, code: '424242' })
    await ask('POST', `${path}/attempt_verification`, { verification_id, code: '424242' })
    await ask('POST', `${path}/attempt_verification`, { verification_id: 'ver_none', code: '1' })
  }
  // Nothing is sent to numbers and addresses that are made for tests.
  const number = await post('/phone_numbers', { user_id: idOf(user), phone_number: '+12025551234' })
  await post(`/phone_numbers/${idOf(number)}/prepare_verification`)
}

/** Authenticators, wallets, passkeys, other accounts and devices. */
export const meansToSignIn = async ({ emulator, get, post, remove, control, ask }: Driver): Promise<void> => {
  const secret = 'JBSWY3DPEHPK3PXP'
  const wallet = '0x0123456789abcdef0123456789abcdef01234567'
  const given = {
    email_address: ['ida@example.com'],
    web3_wallet: [wallet],
    totp_secret: secret,
    backup_codes: ['abc'],
  }
  const id = idOf(await post('/users', given))
  const path = `/users/${id}`
  await post(`${path}/verify_totp`, { code: totpCode(secret, emulator.clock.now()) })
  await post(`${path}/verify_totp`, { code: 'abc' })
  await ask('POST', `${path}/verify_totp`, { code: 'abc' })
  const account = { provider: 'google', provider_user_id: '12345', email_address: 'ida@example.com' }
  await control('/external-accounts', { user_id: id, ...account })
  await control('/passkeys', { user_id: id })
  const device = await control('/trusted-devices', { user_id: id, platform: 'ios', app_identifier: 'org.example.app' })
  const { external_accounts, passkeys, web3_wallets } = (await get(path)) as Listed
  await get('/users?provider=oauth_google&provider_user_id=12345')
  await get(`${path}/oauth_access_tokens/oauth_google`)
  await get(`${path}/trusted_devices`)
  await remove(`${path}/external_accounts/${external_accounts?.[0]?.id}`)
  await remove(`${path}/passkeys/${passkeys?.[0]?.id}`)
  await remove(`${path}/web3_wallets/${web3_wallets?.[0]?.id}`)
  await remove(`${path}/trusted_devices/${idOf(device)}`)
}

/** What users and organizations pay and have to their credit. */
export const billing = async ({ get, post, control, ask }: Driver): Promise<void> => {
  const users = `/users/${idOf(await post('/users', { email_address: ['may@example.com'] }))}`
  const organizations = `/organizations/${idOf(await post('/organizations', { name: 'Mint' }))}`
  for (const path of [users, organizations]) {
    await get(`${path}/billing/credits`)
    const given = { amount: 1250, action: 'increase', idempotency_key: 'k1' }
    await post(`${path}/billing/credits`, given)
    await ask('POST', `${path}/billing/credits`, { ...given, amount: 5 })
    await ask('POST', `${path}/billing/credits`, { ...given, amount: 0 })
    await get(`${path}/billing/credits`)
    await ask('GET', `${path}/billing/subscription`)
    await control('/subscriptions', { payer_id: path.split('/').at(-1) })
    await get(`${path}/billing/subscription`)
  }
}
