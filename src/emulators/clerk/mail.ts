import type { Identification, UserRecord } from './entities.ts'
import type { Instance } from './instance.ts'

// E-mails and text messages that Clerk sends. Nothing leaves the machine: each becomes its event, `email.created` or `sms.created`,
// which is how Clerk lets an application deliver messages by itself (https://clerk.com/docs/webhooks/overview).

export type Email = {
  slug: string
  to: { address: string; identification?: Identification; user?: UserRecord }
  subject: string
  text: string
  data?: Record<string, unknown>
}

/** What every message tells about the application. */
const app = {
  name: 'clerkforce emulator',
  url: 'https://accounts.example.com',
  domain_name: 'example.com',
  logo_url: null,
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** What `email.created` carries. */
export const emailJson = (instance: Instance, { slug, to, subject, text, data }: Email): Record<string, unknown> => ({
  object: 'email',
  id: instance.newId('ema'),
  slug,
  from_email_name: 'notifications',
  reply_to_email_name: null,
  to_email_address: to.address,
  email_address_id: to.identification?.id ?? null,
  user_id: to.user?.id ?? null,
  subject,
  body: `<!DOCTYPE html><html><head><title>${escaped(subject)}</title></head><body><p>${escaped(text)}</p></body></html>`,
  body_plain: text,
  status: 'queued',
  data: { app, ...data },
  delivered_by_clerk: true,
})

export const sendEmail = (instance: Instance, email: Email): void =>
  instance.emit('email.created', emailJson(instance, email))

export type Sms = {
  slug: string
  to: { number: Identification; user: UserRecord }
  text: string
  data?: Record<string, unknown>
}

/** What `sms.created` carries. */
export const smsJson = (instance: Instance, { slug, to, text, data }: Sms): Record<string, unknown> => ({
  object: 'sms_message',
  id: instance.newId('sms'),
  slug,
  from_phone_number: '+15005550006',
  to_phone_number: to.number.value,
  phone_number_id: to.number.id,
  user_id: to.user.id,
  message: text,
  status: 'queued',
  data: { app, ...data },
  delivered_by_clerk: true,
  created_at_ms: instance.now(),
})

export const sendSms = (instance: Instance, sms: Sms): void => instance.emit('sms.created', smsJson(instance, sms))
