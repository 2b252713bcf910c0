import { assertEventType } from './event-types.ts'

const hour = 3_600_000
const day = 24 * hour

/** Where messages go. */
export type Endpoint = {
  id: string
  url: string
  /** `null` for all types. */
  events: readonly string[] | null
  /** The newest first; older ones sign along until their time is over. */
  secrets: { secret: string; until: number | null }[]
  disabled: boolean
  /** Times of failures since the last success, not older than a day. */
  failures: number[]
  /** From when the five days count. */
  failingSince: number | null
}

/** What an endpoint looks like from outside. */
export type EndpointView = {
  id: string
  url: string
  secret: string
  events: readonly string[] | null
  disabled: boolean
}

export const viewEndpoint = ({ id, url, secrets, events, disabled }: Endpoint): EndpointView => ({
  id,
  url,
  secret: secrets[0]?.secret ?? '',
  events,
  disabled,
})

/** Whether Svix would take it (svix-server `EndpointSecret`: 24 to 75 bytes in base64). */
export const isSecret = (secret: string): boolean => {
  const encoded = secret.replace(/^whsec_/, '')
  const key = Buffer.from(encoded, 'base64')
  const isBase64 =
    secret.startsWith('whsec_') && key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
  return isBase64 && key.length >= 24 && key.length <= 75
}

/** @throws Error for a secret that Svix would not take */
export const assertSecret = (secret: string): void => {
  if (!isSecret(secret))
    throw new Error('The signing secret must be whsec_ and 24 to 75 bytes in base64, as Svix demands.')
}

/** Which types an endpoint gets; `null` is all of them. @throws Error for none at all, or an unknown one */
export const readFilter = (events: readonly string[] | null | undefined): readonly string[] | null => {
  if (events === null || events === undefined) return null
  if (events.length === 0)
    throw new Error('The list of events is empty: leave it out for all types, or disable the endpoint for none.')
  events.forEach(assertEventType)
  return [...events]
}

/** Secrets that sign now. */
export const validSecrets = ({ secrets }: Endpoint, now: number): string[] =>
  secrets.filter(({ until }) => until === null || now < until).map(({ secret }) => secret)

/** svix-server `ExpiringSigningKeys::MAX_OLD_KEYS`. */
const OLD_SECRETS = 10

/**
 * A new secret takes over; the old ones keep signing beside it for a day (svix-server `endpoint/mod.rs`, the default).
 * @throws Error for a secret or a time that Svix would not take, and for the eleventh rotation within the time of the others
 */
export const rotateSecret = (endpoint: Endpoint, secret: string, now: number, graceMs: number = day): void => {
  assertSecret(secret)
  if (graceMs < 0 || graceMs > 7 * day) throw new Error('The old secret may stay valid for 0 to 7 days.')
  const kept = endpoint.secrets
    .map((old) => ({ ...old, until: old.until ?? now + graceMs }))
    .filter(({ until }) => now < until)
  if (kept.length > OLD_SECRETS)
    throw new Error(
      `A secret can be rotated ${OLD_SECRETS} times while the old ones are valid: wait for them to expire.`,
    )
  endpoint.secrets = [{ secret, until: null }, ...kept]
}

/** Failures closer together than this count as one, so that an endpoint that fails all day is not a long list. */
const APART = 5 * 60_000

/**
 * Notes an attempt and switches the endpoint off after five days in which nothing succeeded. The five days begin when multiple deliveries
 * failed within 24 hours with at least 12 hours between the first and the last (https://docs.svix.com/retries). How many "multiple" are is
 * not said: here it is two, the fewest.
 */
export const noteOutcome = (endpoint: Endpoint, succeeded: boolean, now: number, scale: number): void => {
  if (succeeded) {
    endpoint.failures = []
    endpoint.failingSince = null
    return
  }
  const recent = endpoint.failures.filter((at) => now - at <= day / scale)
  const last = recent.at(-1)
  endpoint.failures = last === undefined || now - last >= APART / scale ? [...recent, now] : recent
  const [first = now] = endpoint.failures
  if (endpoint.failingSince === null && now - first >= (12 * hour) / scale) endpoint.failingSince = now
  if (endpoint.failingSince !== null && now - endpoint.failingSince >= (5 * day) / scale) endpoint.disabled = true
}
