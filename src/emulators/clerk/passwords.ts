import { createHash } from 'node:crypto'
import type { Password, UserRecord } from './entities.ts'
import { ApiError, formError, invalidValue } from './errors.ts'
import type { Instance } from './instance.ts'

/** Hashers that Clerk takes digests of. */
const hashers: readonly string[] = [
  'bcrypt',
  'bcrypt_sha256_django',
  'md5',
  'pbkdf2_sha1',
  'pbkdf2_sha256',
  'pbkdf2_sha256_django',
  'pbkdf2_sha512',
  'pbkdf2_sha512_hex',
  'phpass',
  'md5_phpass',
  'scrypt_firebase',
  'scrypt_werkzeug',
  'sha256',
  'sha512_symfony',
  'ldap_ssha',
  'argon2i',
  'argon2id',
]

/** What digests look like, for hashers whose form is widely known. */
const digestForms: ReadonlyMap<string, RegExp> = new Map([
  ['bcrypt', /^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/],
  ['md5', /^[0-9a-f]{32}$/i],
  ['sha256', /^[0-9a-f]{64}$/i],
  ['argon2i', /^\$argon2i\$/],
  ['argon2id', /^\$argon2id\$/],
])

/** A few of the passwords that everybody knows; Clerk asks a service with all of them. */
const knownPasswords = new Set(['password', 'password1', '12345678', '123456789', 'qwertyuiop', 'iloveyou', 'letmein1'])

export type PasswordBody = {
  password?: string | null
  password_digest?: string | null
  password_hasher?: string | null
  skip_password_checks?: boolean | null
  sign_out_of_other_sessions?: boolean | null
}

const assertStrong = (password: string): void => {
  if ([...password].length < 8)
    throw formError(
      'form_password_length_too_short',
      'password',
      'Passwords must be 8 characters or more.',
      'Passwords must be 8 characters or more.',
    )
  if (knownPasswords.has(password.toLowerCase()))
    throw formError(
      'form_password_pwned',
      'password',
      'Password has been found in an online data breach.',
      'Password has been found in an online data breach. For account safety, please use a different password.',
    )
}

const assertTogether = (body: PasswordBody): void => {
  const needs = (missing: string, present: string) =>
    formError(
      'form_conditional_param_missing',
      missing,
      'is missing',
      `\`${missing}\` is required when \`${present}\` is present.`,
    )
  if (body.password && body.password_digest)
    throw formError(
      'form_conditional_param_disallowed',
      'password_digest',
      'is not allowed',
      "`password_digest` isn't allowed when `password` is present.",
    )
  if (body.password_digest && !body.password_hasher) throw needs('password_hasher', 'password_digest')
  if (body.password_hasher && !body.password_digest) throw needs('password_digest', 'password_hasher')
}

const hash = (password: string, salt: string): string =>
  createHash('sha256').update(`${salt}:${password}`).digest('hex')

/** A password that is kept so that it can only be compared; the user's id salts it. */
const plain = 'clerk'

/**
 * The password that a request sets, or `undefined` when it sets none.
 * @throws ApiError 422 for one that Clerk would not take.
 */
export const readPassword = (instance: Instance, userId: string, body: PasswordBody): Password | undefined => {
  assertTogether(body)
  const now = instance.now()
  if (body.password) {
    if (!body.skip_password_checks) assertStrong(body.password)
    // What bcrypt can take in.
    if (Buffer.byteLength(body.password) > 72)
      throw formError(
        'form_password_size_in_bytes_exceeded',
        'password',
        'Your password has exceeded the maximum number of bytes allowed, please shorten it or remove some special characters.',
        'Your password has exceeded the maximum number of bytes allowed, please shorten it or remove some special characters.',
      )
    return { hasher: plain, digest: hash(body.password, userId), updated_at: now }
  }
  if (!body.password_digest || !body.password_hasher) return undefined
  if (!hashers.includes(body.password_hasher))
    throw invalidValue('password_hasher', `password_hasher must be one of ${hashers.join(', ')}.`)
  if (!(digestForms.get(body.password_hasher)?.test(body.password_digest) ?? true))
    throw formError(
      'form_password_digest_invalid_code',
      'password_digest',
      'is invalid',
      `password_digest is not a digest of ${body.password_hasher}.`,
    )
  return { hasher: body.password_hasher, digest: body.password_digest, updated_at: now }
}

const matches = ({ hasher, digest }: Password, given: string, userId: string): boolean => {
  if (hasher === plain) return digest === hash(given, userId)
  if (hasher === 'md5' || hasher === 'sha256')
    return digest.toLowerCase() === createHash(hasher).update(given).digest('hex')
  return false
}

export const noPassword = (): ApiError =>
  new ApiError(400, 'no_password_set', 'no password set', {
    longMessage: 'This user does not have a password set for their account',
  })

/** POST /users/{id}/verify_password. @throws ApiError 400 without a password, 422 for the wrong one */
export const verifyPassword = (user: UserRecord, given: string): void => {
  if (!user.password) throw noPassword()
  if (!matches(user.password, given, user.id))
    throw new ApiError(422, 'incorrect_password', 'incorrect password', {
      longMessage: 'The provided password is not the one the user has set',
    })
}
