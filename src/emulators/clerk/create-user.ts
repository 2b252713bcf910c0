import type { CreateUserBody } from './bodies.ts'
import type { Identification, IdentificationKind, UserRecord } from './entities.ts'
import { ApiError, formError, identifierTaken, invalidValue } from './errors.ts'
import { newIdentification } from './identifications.ts'
import type { Instance } from './instance.ts'
import { checkMetadataSize } from './metadata.ts'
import { readPassword } from './passwords.ts'
import { userJson } from './present-users.ts'
import { assertTotpSecret, noteSecondFactor } from './second-factors.ts'
import { completeWaitlistEntry } from './waitlist.ts'

/** @throws ApiError 422 for a username that is malformed or taken. */
export const assertUsername = ({ store }: Instance, username: string, own?: UserRecord): void => {
  const refuse = (code: string, text: string) => formError(code, 'username', 'is invalid', text)
  if (username.length < 4 || username.length > 64)
    throw refuse('form_username_invalid_length', 'Your username must be between 4 and 64 characters long.')
  if (!/^[a-z0-9_-]+$/i.test(username))
    throw refuse('form_username_invalid_character', 'Your username can only contain letters, numbers, - and _.')
  if (/^\d+$/.test(username))
    throw refuse('form_username_needs_non_number_char', 'Your username must contain one non-number character.')
  const holder = store.userByUsername(username)
  if (holder && holder !== own) throw identifierTaken('username')
}

/** @throws ApiError 422 for an id that another user has. */
export const assertExternalId = ({ store }: Instance, externalId: string, own?: UserRecord): void => {
  const holder = store.userByExternalId(externalId)
  if (holder && holder !== own) throw identifierTaken('external_id')
}

const identificationsOf = (instance: Instance, body: CreateUserBody, kind: IdentificationKind): Identification[] => {
  const values = body[kind] ?? []
  const statuses = kind === 'web3_wallet' ? undefined : body[`${kind}_identification_status`]
  if (statuses?.length && statuses.length !== values.length)
    throw invalidValue(`${kind}_identification_status`, `One status is needed for each ${kind}.`)
  const created = values.map((value, i) => newIdentification(instance, kind, value, statuses?.[i] ?? 'verified'))
  if (new Set(created.map(({ value }) => value)).size < created.length) throw identifierTaken(kind)
  return created
}

const assertRequirements = ({ settings }: Instance, body: CreateUserBody): void => {
  const given = {
    email_address: (body.email_address ?? []).length > 0,
    phone_number: (body.phone_number ?? []).length > 0,
    username: Boolean(body.username),
    web3_wallet: (body.web3_wallet ?? []).length > 0,
  }
  const missing = body.skip_user_requirement ? [] : settings.requiredIdentifiers.filter((kind) => !given[kind])
  if (missing.length > 0 || !Object.values(given).some(Boolean))
    throw new ApiError(422, 'form_data_missing', 'missing data', {
      longMessage: `${missing.join(', ') || 'An identifier'} must be included; it doesn't meet the instance's requirements.`,
      meta: { param_names: missing },
    })
}

type SignInMeans = Pick<
  UserRecord,
  | 'primary_web3_wallet_id'
  | 'password'
  | 'totp_secret'
  | 'backup_codes'
  | 'mfa_enabled_at'
  | 'mfa_disabled_at'
  | 'external_accounts'
  | 'passkeys'
  | 'trusted_devices'
  | 'image_id'
  | 'bypass_client_trust'
>

/** What a user starts without. */
export const withoutSignInMeans = (): SignInMeans => ({
  primary_web3_wallet_id: null,
  password: null,
  totp_secret: null,
  backup_codes: [],
  mfa_enabled_at: null,
  mfa_disabled_at: null,
  external_accounts: [],
  passkeys: [],
  trusted_devices: [],
  image_id: null,
  bypass_client_trust: false,
})

const assertUserQuota = ({ settings, store }: Instance): void => {
  if (settings.userLimit > 0 && store.users.size() >= settings.userLimit)
    throw new ApiError(403, 'user_quota_exceeded', 'user quota exceeded', {
      longMessage: `You have reached your limit of ${settings.userLimit} users.`,
    })
}

/** Creates a user as POST /users does: addresses and numbers are verified unless the request says that they are reserved. */
export const createUser = (instance: Instance, body: CreateUserBody): UserRecord => {
  assertUserQuota(instance)
  assertRequirements(instance, body)
  checkMetadataSize(body)
  if (body.username) assertUsername(instance, body.username)
  if (body.external_id) assertExternalId(instance, body.external_id)
  const emails = identificationsOf(instance, body, 'email_address')
  const phones = identificationsOf(instance, body, 'phone_number')
  const wallets = identificationsOf(instance, body, 'web3_wallet')
  if (body.totp_secret) assertTotpSecret(body.totp_secret)
  const id = instance.newId('user')
  const password = readPassword(instance, id, body)
  const now = instance.now()
  const user: UserRecord = {
    id,
    seq: instance.nextSeq(),
    external_id: body.external_id || null,
    username: body.username || null,
    first_name: body.first_name ?? null,
    last_name: body.last_name ?? null,
    locale: body.locale ?? null,
    public_metadata: body.public_metadata ?? {},
    private_metadata: body.private_metadata ?? {},
    unsafe_metadata: body.unsafe_metadata ?? {},
    identifications: [...emails, ...phones, ...wallets],
    primary_email_address_id: emails[0]?.id ?? null,
    primary_phone_number_id: phones[0]?.id ?? null,
    ...withoutSignInMeans(),
    primary_web3_wallet_id: wallets[0]?.id ?? null,
    password: password ?? null,
    totp_secret: body.totp_secret || null,
    backup_codes: body.backup_codes ?? [],
    bypass_client_trust: body.bypass_client_trust ?? false,
    banned: body.banned ?? false,
    locked: body.locked ?? false,
    deprovisioned: false,
    scim: null,
    delete_self_enabled: body.delete_self_enabled ?? true,
    create_organization_enabled: body.create_organization_enabled ?? true,
    create_organizations_limit: body.create_organizations_limit ?? null,
    last_sign_in_at: null,
    last_active_at: null,
    legal_accepted_at: body.legal_accepted_at ?? null,
    created_at: body.created_at ?? now,
    updated_at: now,
  }
  noteSecondFactor(user, now)
  instance.store.addUser(user)
  instance.emit('user.created', userJson(user))
  for (const { value } of emails) completeWaitlistEntry(instance, value)
  return user
}
