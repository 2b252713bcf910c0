import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { SettingError } from '../errors.ts'

/** What verification reads of a request's headers; the `Headers` of the Fetch API fits. */
export type HeaderLookup = { get: (name: string) => string | null | undefined }

export type SignedDelivery = {
  headers: HeaderLookup
  /** The body exactly as it came: a body parsed and written again has another signature. */
  body: Uint8Array
  /** Unix milliseconds. */
  now: number
}

export type Verification =
  /** `deliveryId` is the same on each retry and replay of a message; `timestamp` is when this attempt was signed, in Unix milliseconds. */
  | { ok: true; deliveryId: string; timestamp: number }
  /** `missing-headers` is a request that nobody signed (400); `stale` and `bad-signature` are to be refused (401). */
  | { ok: false; reason: 'missing-headers' | 'stale' | 'bad-signature'; detail: string }

export type Verify = (delivery: SignedDelivery) => Verification

export type VerifierOptions = {
  /** As Clerk's dashboard shows them, with or without `whsec_`. Several while a secret is being rotated. */
  secrets: readonly string[]
  /** How far a signature's time may be from ours, into the past or the future. @default 300_000 */
  toleranceMs?: number
}

/** The tolerance of the Standard Webhooks specification and of Svix's own libraries. */
const FIVE_MINUTES = 5 * 60 * 1000

/**
 * Makes a verifier of the Standard Webhooks scheme, which Svix sends for Clerk:
 * base64(HMAC-SHA256(secret, `${id}.${timestamp}.${body}`)), as one or more `v1,` entries of the signature header.
 *
 * It is written here because the road in runs through it thousands of times a second: keys are made once, and the body is hashed where it
 * lies. With a body of 3 KB that is 4 µs, of which 3 are SHA-256; `standardwebhooks`, which signs in our tests, hashes in JavaScript and
 * takes 25.
 * @throws SettingError when there is no secret, or one that cannot be a secret.
 */
export function createVerifier({ secrets, toleranceMs = FIVE_MINUTES }: VerifierOptions): Verify {
  if (secrets.length === 0)
    throw new SettingError('CLERK_WEBHOOK_SIGNING_SECRET is missing: no webhook can be verified.')
  const keys = secrets.map((secret, index) => readKey(secret, index, secrets.length))

  return ({ headers, body, now }) => {
    const signed = readHeaders(headers, 'svix') ?? readHeaders(headers, 'webhook')
    if (signed === undefined) return refuse('missing-headers', 'no complete set of svix-* or webhook-* headers')
    const timestamp = /^\d{1,12}$/.test(signed.seconds) ? Number(signed.seconds) * 1000 : Number.NaN
    if (Number.isNaN(timestamp)) return refuse('missing-headers', 'the timestamp header is not a Unix time in seconds')
    const ageMs = now - timestamp
    if (Math.abs(ageMs) > toleranceMs) {
      return refuse('stale', `signed ${Math.round(ageMs / 1000)} s ago; ${toleranceMs / 1000} s either way are allowed`)
    }
    const candidates = signed.signatures
      .split(' ')
      .flatMap((entry) => (entry.startsWith('v1,') ? [Buffer.from(entry.slice('v1,'.length))] : []))
    return keys.some((key) => isSignedBy(key, signed, body, candidates))
      ? { ok: true, deliveryId: signed.id, timestamp }
      : refuse('bad-signature', 'no signature fits any configured secret')
  }
}

type SignedHeaders = { id: string; seconds: string; signatures: string }

function isSignedBy(key: KeyObject, { id, seconds }: SignedHeaders, body: Uint8Array, candidates: Buffer[]): boolean {
  const digest = createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64')
  // The text is compared, not the bytes that it decodes to: base64 has several spellings of the same bytes.
  const expected = Buffer.from(digest)
  return candidates.some((candidate) => candidate.length === expected.length && timingSafeEqual(candidate, expected))
}

/** Clerk sends `svix-*`; `webhook-*` are the standard's names, which Svix can be set to. Never a mixture of both. */
function readHeaders(headers: HeaderLookup, family: 'svix' | 'webhook'): SignedHeaders | undefined {
  const id = headers.get(`${family}-id`)
  const seconds = headers.get(`${family}-timestamp`)
  const signatures = headers.get(`${family}-signature`)
  return id && seconds && signatures ? { id, seconds, signatures } : undefined
}

/** Standard Webhooks asks for 24 to 64 bytes; under 16 it is a piece of a secret, or something else altogether. */
function readKey(secret: string, index: number, count: number): KeyObject {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
  const bytes = Buffer.from(text, 'base64')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || bytes.length < 16) {
    const which = count === 1 ? 'the secret' : `secret ${index + 1} of ${count}`
    throw new SettingError(
      `CLERK_WEBHOOK_SIGNING_SECRET: ${which} is malformed; Clerk shows it as whsec_ followed by base64.`,
    )
  }
  return createSecretKey(bytes)
}

function refuse(reason: 'missing-headers' | 'stale' | 'bad-signature', detail: string): Verification {
  return { ok: false, reason, detail }
}
