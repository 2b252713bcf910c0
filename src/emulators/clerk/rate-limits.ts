import type { Clock } from '../kit/clock.ts'
import type { Part } from '../kit/snapshot.ts'
import { ApiError } from './errors.ts'
import type { Limit, RateLimits } from './settings.ts'

/** Which limits a request counts against: each has a name of its own, such as that of the record it changes. */
const limitsFor = (limits: RateLimits, method: string, path: string): [string, Limit | null][] => {
  const found: [string, Limit | null][] = [['instance', limits.instance]]
  const changes = method === 'PATCH' || method === 'PUT'
  const record = /^\/v1\/(?:users\/[^/]+|organizations\/[^/]+(?:\/memberships\/[^/]+)?)(?=(?:\/metadata)?$)/.exec(path)
  if (changes && record) found.push([record[0], limits.record])
  if (method === 'POST' && /^\/v1\/organizations\/[^/]+\/invitations$/.test(path))
    found.push(['organization_invitations', limits.organizationInvitations])
  if (method === 'POST' && /^\/v1\/organizations\/[^/]+\/invitations\/bulk$/.test(path))
    found.push(['organization_invitations_bulk', limits.organizationInvitationsBulk])
  if (method === 'POST' && path === '/v1/invitations') found.push(['invitations', limits.invitations])
  if (method === 'POST' && path === '/v1/invitations/bulk') found.push(['invitations_bulk', limits.invitationsBulk])
  return found
}

export type RateLimiter = {
  /** Counts a request. @throws ApiError 429 with the seconds to wait */
  count: (method: string, path: string) => void
  reset: () => void
  /** For snapshots. */
  part: Part
}

type Seen = Map<string, { times: number[]; windowMs: number }>

/**
 * Clerk's rate limits on the emulator's clock. The documentation gives requests per window and not how windows are cut: here
 * no window of that length, wherever it starts, ever holds more. A refused request does not count.
 */
export const createRateLimiter = (limits: RateLimits, clock: Clock): RateLimiter => {
  let seen: Seen = new Map()
  let counts = 0

  const isRecent = (at: number, windowMs: number): boolean => clock.now() - at < windowMs

  const recent = (name: string, windowMs: number): number[] => {
    const times = (seen.get(name)?.times ?? []).filter((at) => isRecent(at, windowMs))
    seen.set(name, { times, windowMs })
    return times
  }

  const forgetOld = (): void => {
    for (const [name, { times, windowMs }] of seen) if (!isRecent(times.at(-1) ?? 0, windowMs)) seen.delete(name)
  }

  return {
    count: (method, path) => {
      // Names of records that nobody changes any more must not pile up; now and then is enough.
      if (++counts % 1_000 === 0) forgetOld()
      const counted: number[][] = []
      for (const [name, limit] of limitsFor(limits, method, path)) {
        if (!limit) continue
        const times = recent(name, limit.windowMs)
        const oldest = times[times.length - limit.requests]
        if (oldest !== undefined)
          throw new ApiError(429, 'too_many_requests', 'Too many requests', {
            longMessage: 'Too many requests, retry later',
            retryAfter: Math.max(1, Math.ceil((oldest + limit.windowMs - clock.now()) / 1000)),
          })
        counted.push(times)
      }
      for (const times of counted) times.push(clock.now())
    },
    reset: () => {
      seen = new Map()
    },
    part: {
      save: () => structuredClone([...seen]),
      load: (saved) => {
        seen = new Map(structuredClone(saved as [string, { times: number[]; windowMs: number }][]))
      },
      clear: () => {
        seen = new Map()
      },
    },
  }
}
