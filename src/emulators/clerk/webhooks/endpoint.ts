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
  /** Failures since the last success, not older than a day. */
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

/** Secrets that sign now. */
export const validSecrets = ({ secrets }: Endpoint, now: number): string[] =>
  secrets.filter(({ until }) => until === null || now < until).map(({ secret }) => secret)

/** A new secret takes over; the old ones keep signing beside it for a day (svix-server `endpoint/mod.rs`, the default). */
export const rotateSecret = (endpoint: Endpoint, secret: string, now: number, graceMs: number = day): void => {
  const kept = endpoint.secrets.map((old) => ({ ...old, until: old.until ?? now + graceMs }))
  endpoint.secrets = [{ secret, until: null }, ...kept.filter(({ until }) => now < until)]
}

/** How many failures Svix calls "several" is not documented. */
const SEVERAL = 3

/**
 * Notes an attempt and switches the endpoint off after five days in which nothing succeeded. The five days begin when several
 * attempts failed within 24 hours with at least 12 hours between the first and the last (https://docs.svix.com/retries).
 */
export const noteOutcome = (endpoint: Endpoint, succeeded: boolean, now: number, scale: number): void => {
  if (succeeded) {
    endpoint.failures = []
    endpoint.failingSince = null
    return
  }
  endpoint.failures = [...endpoint.failures.filter((at) => now - at <= day / scale), now].slice(-100)
  const first = endpoint.failures[0] ?? now
  if (endpoint.failingSince === null && endpoint.failures.length >= SEVERAL && now - first >= (12 * hour) / scale)
    endpoint.failingSince = now
  if (endpoint.failingSince !== null && now - endpoint.failingSince >= (5 * day) / scale) endpoint.disabled = true
}
