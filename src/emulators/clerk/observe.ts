import { type Channel, channel } from 'node:diagnostics_channel'
import type { MiddlewareHandler } from 'hono'

/*
 * What goes over the door, for whoever wants to look on without standing in the way: a request log, a check against Clerk's published
 * schemas. Nothing is copied while nobody listens (https://nodejs.org/api/diagnostics_channel.html).
 */

/** A request to the Backend API and its answer, as text. */
export type Exchange = {
  method: string
  /** Without host and query. */
  path: string
  query: URLSearchParams
  /** What the request asked for, by header or parameter; `null` when it named none. */
  version: string | null
  request: string
  status: number
  reply: string
}

/** Gives an {@link Exchange} for each request under `/v1` that no fault has answered. */
export const exchangeChannel: Channel = channel('clerkforce:clerk-emulator:exchange')

/** Gives the text of each event that the instance makes, whether or not there is an endpoint for it. */
export const eventChannel: Channel = channel('clerkforce:clerk-emulator:event')

export const observeExchanges: MiddlewareHandler = async (c, next) => {
  await next()
  if (!exchangeChannel.hasSubscribers) return
  const url = new URL(c.req.url)
  exchangeChannel.publish({
    method: c.req.method,
    path: url.pathname,
    query: url.searchParams,
    version: c.req.header('clerk-api-version') ?? url.searchParams.get('__clerk_api_version'),
    request: await c.req.text().catch(() => ''),
    status: c.res.status,
    reply: await c.res.clone().text(),
  })
}
