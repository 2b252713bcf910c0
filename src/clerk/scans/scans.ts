/**
 * Scans: every user, organization or membership of the instance, a page at a time, while people go on creating and deleting them.
 *
 *   users.ts       by cursor, the only listing that has one
 *   by-offset.ts   organizations and memberships: pages that overlap
 *   seen.ts        what has been given already, without remembering all of it
 *
 * What they promise:
 * - Who existed from the beginning to the end of a scan is given exactly once; who came or went meanwhile, once or not at all.
 * - A scan ends well only where it has given at least as many records as Clerk counts at its end. Otherwise it fails as `SCAN_CUT_SHORT`:
 *   what was given before is right, but nothing is known of what was not given. That happens too when a record is created with a date in
 *   the past (`created_at`, as migrations do) behind the place that the scan has reached: scan again.
 * - A scan goes on where another one ended, from the position behind the last page that was given (`positionAfter`).
 * - Each page is one request, paced like the others, and one try; `through` is for callers who want another.
 * - What is held is a page, whatever the number of records, and the ids of those that were created in the same millisecond as the newest.
 *
 * All of it rests on one thing: lists come in order of creation, oldest first, in which a record never moves but for deletions before it.
 * A list in another order fails the scan.
 */
import { z } from 'zod'
import type { Calls } from '../calls.ts'
import {
  type ClerkMembership,
  type ClerkOrganization,
  type ClerkUser,
  membershipSchema,
  organizationSchema,
  userSchema,
} from '../schemas.ts'
import { scanByOffset } from './by-offset.ts'
import type { ScanPosition } from './seen.ts'
import { scanUsers } from './users.ts'

export type ScanOptions = {
  /** Records that one request asks for, 2 to 500. @default 500 */
  limit?: number | undefined
  /** Makes each request: where a caller waits and tries again what was turned away. @default one try */
  through?: (<T>(send: () => Promise<T>) => Promise<T>) | undefined
  /** What was given already. @default nothing */
  from?: ScanPosition | undefined
}

export type Scans = {
  /** Oldest first. Nothing is sent until the iteration begins. */
  scanUsers: (options?: ScanOptions) => AsyncIterable<ClerkUser[]>
  /** Likewise. */
  scanOrganizations: (options?: ScanOptions) => AsyncIterable<ClerkOrganization[]>
  /** Likewise, of all organizations. */
  scanMemberships: (options?: ScanOptions) => AsyncIterable<ClerkMembership[]>
  countUsers: () => Promise<number>
}

/** What Clerk takes; above it, the limit is reported to fall back to 10 without an error (clerk-sdk-python #166). */
const MOST = 500

const countSchema = z.looseObject({ total_count: z.number() })

const pageOf = <T>(schema: z.ZodType<T>) => z.looseObject({ data: z.array(schema), total_count: z.number() })

const organizationPage = pageOf(organizationSchema)
const membershipPage = pageOf(membershipSchema)
const userPage = z.array(userSchema)

/** Where a scan asks: the search of one page. */
type Search = Record<string, string | number | undefined>

function searchOf(search: Search): string {
  const given = Object.entries(search).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return `?${new URLSearchParams([['order_by', '+created_at'], ...given])}`
}

type Read = { limit: number; through: NonNullable<ScanOptions['through']>; from: ScanPosition | undefined }

function readOptions({ limit = MOST, through = (send) => send(), from }: ScanOptions): Read {
  // With a single record, no page could overlap the one before it.
  if (!Number.isInteger(limit) || limit < 2 || limit > MOST)
    throw new RangeError(`a page of a scan has 2 to ${MOST} records, not ${limit}`)
  return { limit, through, from }
}

/** The scans of a client. */
export function createScans({ get }: Pick<Calls, 'get'>): Scans {
  const countUsers = async (): Promise<number> => (await get('/users/count', countSchema, 'count of users')).total_count

  return {
    countUsers,

    scanUsers(options = {}) {
      const { limit, through, from } = readOptions(options)
      return scanUsers({
        limit,
        from,
        count: () => through(countUsers),
        page: (place) => through(() => get(`/users${searchOf({ ...place, limit })}`, userPage, 'list of users')),
      })
    },

    scanOrganizations(options = {}) {
      const { limit, through, from } = readOptions(options)
      const page = (offset: number) =>
        through(() => get(`/organizations${searchOf({ limit, offset })}`, organizationPage, 'list of organizations'))
      return scanByOffset(limit, page, from)
    },

    scanMemberships(options = {}) {
      const { limit, through, from } = readOptions(options)
      const page = (offset: number) =>
        through(() =>
          get(`/organization_memberships${searchOf({ limit, offset })}`, membershipPage, 'list of memberships'),
        )
      return scanByOffset(limit, page, from)
    },
  }
}
