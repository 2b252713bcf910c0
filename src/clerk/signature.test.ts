import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { SettingError } from '../errors.ts'
import { createVerifier, type SignedDelivery } from './signature.ts'

const NOW = Date.UTC(2026, 10, 1, 12)
const newSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`
const secret = newSecret()

type Signing = {
  secrets?: readonly string[]
  id?: string
  body?: string
  signedAt?: number
  family?: 'svix' | 'webhook'
}

/** As Svix sends it: one signature for each valid secret, separated by spaces. */
function signed({
  secrets = [secret],
  id = 'msg_1',
  body = '{"a":1}',
  signedAt = NOW,
  family = 'svix',
}: Signing = {}): SignedDelivery {
  const signatures = secrets.map((one) => new Webhook(one).sign(id, new Date(signedAt), body))
  const headers = new Headers({
    [`${family}-id`]: id,
    [`${family}-timestamp`]: String(Math.floor(signedAt / 1000)),
    [`${family}-signature`]: signatures.join(' '),
  })
  return { headers, body: Buffer.from(body), now: NOW }
}

/** The same delivery with one header replaced, or removed with undefined. */
function withHeader(delivery: SignedDelivery, name: string, value: string | undefined): SignedDelivery {
  return { ...delivery, headers: { get: (asked) => (asked === name ? value : delivery.headers.get(asked)) } }
}

test('a delivery signed with the secret is accepted, with its id and the time of its signature', () => {
  expect(createVerifier({ secrets: [secret] })(signed())).toEqual({ ok: true, deliveryId: 'msg_1', timestamp: NOW })
})

test("the standard's header names are accepted as well, but not a mixture of both", () => {
  const verify = createVerifier({ secrets: [secret] })
  expect(verify(signed({ family: 'webhook' }))).toMatchObject({ ok: true })
  const mixed = withHeader(withHeader(signed(), 'svix-id', undefined), 'webhook-id', 'msg_1')
  expect(verify(mixed)).toMatchObject({ ok: false, reason: 'missing-headers' })
})

test('a secret without its whsec_ prefix is the same secret', () => {
  expect(createVerifier({ secrets: [secret.slice('whsec_'.length)] })(signed())).toMatchObject({ ok: true })
})

test.each(['svix-id', 'svix-timestamp', 'svix-signature'])('without %s nobody signed it', (name) => {
  expect(createVerifier({ secrets: [secret] })(withHeader(signed(), name, undefined))).toMatchObject({
    ok: false,
    reason: 'missing-headers',
  })
})

test.each(['', 'soon', '1.5e9', '-1762000000', '0x10', '1762000000000000'])(
  'a timestamp of "%s" is no timestamp',
  (value) => {
    const verify = createVerifier({ secrets: [secret] })
    expect(verify(withHeader(signed(), 'svix-timestamp', value))).toMatchObject({
      ok: false,
      reason: 'missing-headers',
    })
  },
)

test('a signature is good for five minutes either way, and stale a second later', () => {
  const verify = createVerifier({ secrets: [secret] })
  for (const direction of [-1, 1]) {
    expect(verify(signed({ signedAt: NOW + direction * 300_000 }))).toMatchObject({ ok: true })
    expect(verify(signed({ signedAt: NOW + direction * 301_000 }))).toMatchObject({ ok: false, reason: 'stale' })
  }
})

test('a timestamp that was moved into the tolerance spoils the signature', () => {
  const old = signed({ signedAt: NOW - 600_000 })
  const verify = createVerifier({ secrets: [secret] })
  expect(verify(withHeader(old, 'svix-timestamp', String(NOW / 1000)))).toMatchObject({
    ok: false,
    reason: 'bad-signature',
  })
})

test('signatures of other versions are passed over', () => {
  const delivery = signed()
  const signature = delivery.headers.get('svix-signature') ?? ''
  const verify = createVerifier({ secrets: [secret] })
  expect(verify(withHeader(delivery, 'svix-signature', `v1a,AAAA ${signature} v2,BBBB`))).toMatchObject({ ok: true })
  expect(verify(withHeader(delivery, 'svix-signature', signature.replace('v1,', 'v1a,')))).toMatchObject({
    reason: 'bad-signature',
  })
  expect(verify(withHeader(delivery, 'svix-signature', 'v1, v1 ,,'))).toMatchObject({ reason: 'bad-signature' })
})

test('during a rotation any configured secret fits any signature of the header, in whatever order', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }),
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }),
      fc.string({ unit: 'binary' }),
      (configured, signing, body) => {
        const all = [secret, ...ROTATED]
        const pick = (indexes: number[]) => indexes.flatMap((index) => all[index] ?? [])
        const verdict = createVerifier({ secrets: pick(configured) })(signed({ secrets: pick(signing), body }))
        expect(verdict.ok).toBe(configured.some((index) => signing.includes(index)))
      },
    ),
  )
})
const ROTATED = [newSecret(), newSecret(), newSecret()]

test('a single changed bit in the body, the id, the time or the signature is noticed', () => {
  const verify = createVerifier({ secrets: [secret] })
  fc.assert(
    fc.property(
      fc.constantFrom('body', 'svix-id', 'svix-timestamp', 'svix-signature'),
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.nat(),
      fc.nat(6),
      (part, body, position, bit) => {
        const delivery = signed({ body })
        const before = Buffer.from(part === 'body' ? delivery.body : (delivery.headers.get(part) ?? ''))
        const after = Buffer.from(before)
        const index = position % after.length
        after.writeUInt8(after.readUInt8(index) ^ (1 << bit), index)
        const tampered =
          part === 'body' ? { ...delivery, body: after } : withHeader(delivery, part, after.toString('latin1'))
        expect(verify(tampered).ok).toBe(false)
      },
    ),
    { numRuns: 500 },
  )
})

test.each(['', 'whsec_', 'whsec_!!!', 'sk_test_abcdefghijklmnopqrstuvwx', 'whsec_c2hvcnQ='])(
  'a secret of "%s" is refused at the start, by the name of its setting and without its value',
  (malformed) => {
    const attempt = () => createVerifier({ secrets: [secret, malformed] })
    expect(attempt).toThrow(SettingError)
    expect(attempt).toThrow('CLERK_WEBHOOK_SIGNING_SECRET: secret 2 of 2 is malformed')
    if (malformed.length > 6) expect(attempt).not.toThrow(malformed)
  },
)

test('without any secret there is no verifier', () => {
  expect(() => createVerifier({ secrets: [] })).toThrow('CLERK_WEBHOOK_SIGNING_SECRET is missing')
})
