import type { Identification, UserRecord, Verification } from './entities.ts'
import { ApiError, notFound } from './errors.ts'
import { assertFree } from './identifications.ts'
import type { Instance } from './instance.ts'
import { sendEmail, sendSms } from './mail.ts'
import { userChanged } from './users.ts'

// One-time codes that a backend sends to an address or a number, to see whether the user holds it. The code is in the event of
// the message (`email.created`, `sms.created`), under `data.otp_code`.

const lifetime = 10 * 60_000
/** Wrong codes before the verification has failed. */
const attemptsAllowed = 5

/**
 * Addresses with `+clerk_test` and numbers +1 XXX 555 0100 to 0199 get no message, and their code is 424242;
 * https://clerk.com/docs/guides/development/testing/test-emails-and-phones. Only development instances have this switched on.
 */
const isTestIdentifier = ({ settings }: Instance, { value }: Identification): boolean =>
  settings.environment === 'development' && (/\+clerk_test(?=@|\+)/.test(value) || /^\+1\d{3}55501\d\d$/.test(value))

export const verificationJson = (
  verification: Verification,
  kind: Identification['kind'],
): Record<string, unknown> => ({
  object: 'verification_otp',
  id: verification.id,
  status: verification.status,
  strategy: kind === 'email_address' ? 'email_code' : 'phone_code',
  attempts: verification.attempts,
  expire_at: verification.expire_at,
  channel: kind === 'email_address' ? null : 'sms',
})

/** Sends a new code; the one before it is void. */
export const prepareVerification = (
  instance: Instance,
  user: UserRecord,
  identification: Identification,
): Verification => {
  const isTest = isTestIdentifier(instance, identification)
  const code = isTest ? '424242' : instance.newCode()
  const verification: Verification = {
    id: instance.newId('ver'),
    identification_id: identification.id,
    code,
    status: 'unverified',
    attempts: 0,
    expire_at: instance.now() + lifetime,
  }
  instance.store.verifications.set(identification.id, verification)
  if (isTest) return verification
  const message = { slug: 'verification_code', text: `${code} is your verification code`, data: { otp_code: code } }
  if (identification.kind === 'email_address')
    sendEmail(instance, {
      ...message,
      to: { address: identification.value, identification, user },
      subject: `${code} is your verification code`,
    })
  else sendSms(instance, { ...message, to: { number: identification, user } })
  return verification
}

/** Compares a code with the one that was sent. A wrong or late one is no error but a status. */
export const attemptVerification = (
  instance: Instance,
  user: UserRecord,
  identification: Identification,
  given: { verification_id: string; code: string },
): Verification => {
  const verification = instance.store.verifications.get(identification.id)
  if (!verification || verification.id !== given.verification_id)
    throw notFound(`No verification was found with id ${given.verification_id}.`, 'verification_id')
  if (verification.status === 'verified')
    throw new ApiError(400, 'verification_already_verified', 'already verified', {
      longMessage: 'This verification has already been verified.',
    })
  if (verification.status !== 'unverified') return verification
  verification.attempts++
  if (verification.expire_at <= instance.now()) verification.status = 'expired'
  else if (verification.code === given.code) verification.status = 'verified'
  else if (verification.attempts >= attemptsAllowed) verification.status = 'failed'
  if (verification.status === 'verified' && identification.status !== 'verified') {
    assertFree(instance, identification.kind, identification.value, identification)
    identification.status = 'verified'
    identification.verified_by = 'code'
    identification.updated_at = instance.now()
    userChanged(instance, user)
  }
  return verification
}
