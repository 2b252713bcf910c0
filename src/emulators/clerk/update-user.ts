import type { UpdateUserBody } from './bodies.ts'
import { assertExternalId, assertUsername } from './create-user.ts'
import type { Identification, IdentificationKind, UserRecord } from './entities.ts'
import { ApiError, formError, notFound, unverified } from './errors.ts'
import { makePrimary } from './identifications.ts'
import type { Instance } from './instance.ts'
import { changeMetadata } from './metadata.ts'
import { readPassword } from './passwords.ts'
import { assertTotpSecret } from './second-factors.ts'
import { endSessions } from './sessions.ts'
import { metadataOf, notifyPrimaryChanged, primaryEmail, userChanged } from './users.ts'

const scimAttributes = ['first_name', 'last_name', 'username', 'primary_email_address_id'] as const

/** @throws ApiError 409 when a directory owns one of the attributes that the request would change. */
const assertNotFromDirectory = (user: UserRecord, body: UpdateUserBody): void => {
  if (!user.scim?.directory_enabled) return
  const attribute = scimAttributes.find((name) => body[name] !== undefined && body[name] !== user[name])
  if (attribute)
    throw new ApiError(409, 'attribute_managed_by_scim', 'managed by SCIM', {
      longMessage: `${attribute} is managed by the user's directory.`,
      meta: { param_name: attribute },
    })
}

const primaryOf = (user: UserRecord, kind: IdentificationKind, id: string): Identification => {
  const own = user.identifications.find((candidate) => candidate.id === id && candidate.kind === kind)
  if (!own) throw notFound(`No ${kind} with id ${id} was found on the user.`, `primary_${kind}_id`)
  if (own.status === 'unverified') throw unverified(`primary_${kind}_id`)
  return own
}

/** @throws ApiError 422 for what only makes sense together with a password. */
const assertWithPassword = (body: UpdateUserBody): void => {
  for (const param of ['skip_password_checks', 'sign_out_of_other_sessions'] as const)
    if (body[param] && !body.password)
      throw formError(
        'form_conditional_param_missing',
        'password',
        'is missing',
        `\`password\` is required when \`${param}\` is present.`,
      )
}

/** PATCH /users/{id}: everything is checked before anything changes. */
export const updateUser = (instance: Instance, user: UserRecord, body: UpdateUserBody): void => {
  assertNotFromDirectory(user, body)
  if (body.username) assertUsername(instance, body.username, user)
  if (body.external_id) assertExternalId(instance, body.external_id, user)
  const email = body.primary_email_address_id && primaryOf(user, 'email_address', body.primary_email_address_id)
  const phone = body.primary_phone_number_id && primaryOf(user, 'phone_number', body.primary_phone_number_id)
  const wallet = body.primary_web3_wallet_id && primaryOf(user, 'web3_wallet', body.primary_web3_wallet_id)
  if (body.profile_image_id) throw new ApiError(404, 'image_not_found', 'Image not found')
  if (body.totp_secret) assertTotpSecret(body.totp_secret)
  assertWithPassword(body)
  const password = readPassword(instance, user.id, body)
  const metadata = changeMetadata(metadataOf(user), body, 'replace')

  Object.assign(user, metadata)
  if (body.username !== undefined) instance.store.setUsername(user, body.username || null)
  if (body.external_id !== undefined) instance.store.setExternalId(user, body.external_id || null)
  const before = primaryEmail(user)
  if (email) makePrimary(user, email)
  if (phone) makePrimary(user, phone)
  if (wallet) makePrimary(user, wallet)
  if (body.totp_secret !== undefined) user.totp_secret = body.totp_secret || null
  user.backup_codes = body.backup_codes ?? user.backup_codes
  user.bypass_client_trust = body.bypass_client_trust ?? user.bypass_client_trust
  for (const field of [
    'first_name',
    'last_name',
    'locale',
    'legal_accepted_at',
    'create_organizations_limit',
  ] as const) {
    const value = body[field]
    if (value !== undefined) Object.assign(user, { [field]: value })
  }
  user.delete_self_enabled = body.delete_self_enabled ?? user.delete_self_enabled
  user.create_organization_enabled = body.create_organization_enabled ?? user.create_organization_enabled
  if (password) user.password = password
  if (body.created_at) {
    user.created_at = body.created_at
    instance.store.users.touch(true)
  }
  userChanged(instance, user)
  if (body.sign_out_of_other_sessions) endSessions(instance, user, 'revoked')
  if (body.notify_primary_email_address_changed) notifyPrimaryChanged(instance, user, before)
}
