import { createHmac } from 'node:crypto'
import type { UserRecord } from './entities.ts'
import { ApiError, formError } from './errors.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const period = 30_000

const incorrect = (code: string, message: string, longMessage: string) =>
  new ApiError(422, code, message, { longMessage })

/** Bytes of base32 text (RFC 4648), with or without padding. */
const fromBase32 = (text: string): Buffer | undefined => {
  const digits = [...text.replaceAll(' ', '').toUpperCase().replace(/=+$/, '')].map((letter) =>
    alphabet.indexOf(letter),
  )
  if (digits.length < 8 || digits.includes(-1)) return undefined
  const bits = digits.map((digit) => digit.toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** @throws ApiError 422 for a secret that is not base32. */
export const assertTotpSecret = (secret: string): void => {
  if (!fromBase32(secret))
    throw formError(
      'invalid_totp_secret_code',
      'totp_secret',
      'invalid TOTP secret',
      'The TOTP secret is invalid, please provide a valid one base32 encoded',
    )
}

/** The code that an authenticator shows at a time: RFC 6238 with 30 seconds, six digits and SHA-1, as Clerk has it. */
export const totpCode = (secret: string, at: number): string => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / period)))
  const digest = createHmac('sha1', fromBase32(secret) ?? '')
    .update(counter)
    .digest()
  const start = (digest.at(-1) ?? 0) & 0xf
  const number = (digest.readUInt32BE(start) & 0x7fffffff) % 1_000_000
  return String(number).padStart(6, '0')
}

/**
 * POST /users/{id}/verify_totp: what kind of code it was. A backup code is used up; codes of the periods before and after count too.
 * @throws ApiError 400 without an authenticator, 422 for the wrong code
 */
export const verifyTotp = (user: UserRecord, code: string, now: number): 'totp' | 'backup_code' => {
  const secret = user.totp_secret
  if (secret === null)
    throw new ApiError(400, 'totp_disabled', 'TOTP is disabled', {
      longMessage: 'This user does not have TOTP enabled in their account',
    })
  if (user.backup_codes.includes(code)) {
    user.backup_codes = user.backup_codes.filter((other) => other !== code)
    return 'backup_code'
  }
  if (code.length !== 6)
    throw incorrect('totp_invalid_length', 'invalid length', 'The provided TOTP code must be 6 characters long.')
  if (![now - period, now, now + period].some((at) => at >= 0 && totpCode(secret, at) === code))
    throw incorrect('totp_incorrect_code', 'incorrect TOTP', 'The provided TOTP code is incorrect')
  return 'totp'
}

/** Whether signing in takes a second step. */
export const hasSecondFactor = (user: UserRecord): boolean =>
  user.totp_secret !== null || user.identifications.some((phone) => phone.reserved_for_second_factor)

/** Notes when a user got a second factor, or lost the last one. */
export const noteSecondFactor = (user: UserRecord, now: number): void => {
  const before = user.mfa_enabled_at !== null && user.mfa_disabled_at === null
  const after = hasSecondFactor(user)
  if (before === after) return
  if (after) Object.assign(user, { mfa_enabled_at: now, mfa_disabled_at: null })
  else user.mfa_disabled_at = now
}

/** DELETE /users/{id}/mfa: no second step any more. */
export const disableSecondFactors = (user: UserRecord): void => {
  user.totp_secret = null
  user.backup_codes = []
  for (const phone of user.identifications)
    Object.assign(phone, { reserved_for_second_factor: false, default_second_factor: false })
}
