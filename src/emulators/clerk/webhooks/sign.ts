import { createHmac } from 'node:crypto'

/** A signing secret as Clerk's dashboard shows it: `whsec_` and 24 bytes in base64, here from the given randomness. */
export const newSecret = (bytes: (length: number) => Uint8Array): string =>
  `whsec_${Buffer.from(bytes(24)).toString('base64')}`

/**
 * One signature, `v1,<base64>`: HMAC-SHA256 over `id.timestamp.body` with the key inside the secret.
 * https://docs.svix.com/receiving/verifying-payloads/how-manual
 */
const sign = (secret: string, id: string, timestamp: number, body: string): string => {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

/** The headers of one attempt. `timestamp` is in seconds; there is one signature for each secret that is valid now. */
export const signedHeaders = (
  secrets: readonly string[],
  id: string,
  timestamp: number,
  body: string,
): Record<string, string> => ({
  'svix-id': id,
  'svix-timestamp': String(timestamp),
  'svix-signature': secrets.map((secret) => sign(secret, id, timestamp, body)).join(' '),
})
