/** The entities that a mapping has fields for. */
export type MappedEntity = 'person' | 'organization' | 'membership'
/** Parents before children. */
export const mappedEntities: readonly MappedEntity[] = ['organization', 'person', 'membership']

/**
 * The top-level fields that Clerk documents for its records (Backend API 2026-05-12). A mapped path must begin with one: a path that does
 * not exist would read as empty, and empty what Clerk had filled before. For a field that is newer than this list a function does.
 */
export const knownFields: Readonly<Record<MappedEntity, readonly string[]>> = {
  person:
    `id external_id username first_name last_name locale primary_email_address_id primary_phone_number_id primary_web3_wallet_id
    image_url profile_image_url has_image public_metadata private_metadata unsafe_metadata email_addresses phone_numbers web3_wallets passkeys
    password_enabled two_factor_enabled totp_enabled backup_code_enabled mfa_enabled_at mfa_disabled_at password_last_updated_at
    external_accounts saml_accounts enterprise_accounts organization_memberships last_sign_in_at last_active_at banned locked deprovisioned
    lockout_expires_in_seconds verification_attempts_remaining delete_self_enabled create_organization_enabled create_organizations_limit
    legal_accepted_at bypass_client_trust scim created_at updated_at`.split(/\s+/),
  organization:
    `id name slug image_url has_image members_count missing_member_with_elevated_permissions pending_invitations_count
    max_allowed_memberships admin_delete_enabled public_metadata private_metadata created_by role_set_key last_active_at created_at
    updated_at`.split(/\s+/),
  membership: 'id role role_name permissions public_metadata private_metadata created_at updated_at'.split(' '),
}

/** What is wrong with a path for a record of this entity; undefined when nothing is. */
export const pathFault = (entity: MappedEntity, path: string): string | undefined => {
  const parts = path.split('.')
  const [first = ''] = parts
  if (parts.some((part) => part.trim() === '' || part !== part.trim()))
    return `is not a path: '${path}' has an empty part`
  if (knownFields[entity].includes(first)) return undefined
  const close = knownFields[entity].find((name) => distance(name, first) <= 2)
  return `begins with '${first}', which Clerk's ${clerkName[entity]} does not have${close ? ` (did you mean '${close}'?)` : ''}; for a field that clerkforce does not know, use a function`
}

/**
 * What Clerk lets us write: the attributes that an update takes, and metadata, key by key. `unsafe_metadata` is of users alone; the slug
 * needs slugs to be switched on in the instance. E-mail addresses and phone numbers are objects with a verification of their own, and a
 * role is what somebody may do: neither is a field to copy into. (Backend API 2026-05-12: PATCH of users, organizations and `/metadata`.)
 */
const writable: Readonly<Record<MappedEntity, { attributes: readonly string[]; metadata: readonly string[] }>> = {
  person: {
    attributes: ['first_name', 'last_name', 'username', 'external_id'],
    metadata: ['public_metadata', 'private_metadata', 'unsafe_metadata'],
  },
  organization: { attributes: ['name', 'slug'], metadata: ['public_metadata', 'private_metadata'] },
  membership: { attributes: [], metadata: ['public_metadata', 'private_metadata'] },
}

/** Why a path cannot be written in Clerk; undefined where it can. */
export const writableFault = (entity: MappedEntity, path: string): string | undefined => {
  const fault = pathFault(entity, path)
  if (fault !== undefined) return fault
  const { attributes, metadata } = writable[entity]
  const [first = '', ...keys] = path.split('.')
  if (metadata.includes(first)) {
    if (keys.length === 0) return `must name a key: '${first}' as a whole is not clerkforce's to write`
    // In JavaScript this name sets an object's prototype: the value would be lost without a word.
    return keys.includes('__proto__') ? "cannot be written: '__proto__' is no key" : undefined
  }
  if (attributes.includes(path)) return undefined
  const places = [...attributes, ...metadata.map((name) => `${name}.…`)].map((place) => `'${place}'`).join(', ')
  return `cannot be written in Clerk's ${clerkName[entity]}: only ${places} can`
}

const clerkName: Readonly<Record<MappedEntity, string>> = {
  person: 'user',
  organization: 'organization',
  membership: 'membership',
}

/** How many letters have to be changed, added or left out. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 0
}
