/*
 * Clerk as clerkforce uses it.
 *
 *   signature.ts   is this webhook really Clerk's?            raw body  -> delivery id, or a reason to refuse
 *   event.ts       what does it say?                          JSON      -> ClerkEvent
 *   client.ts      what does Clerk say when asked?            call      -> ClerkUser, ClerkOrganization, ClerkMembership
 *   schemas.ts     the shapes that both roads share, checked once
 *   http.ts        one request, and what it means when it fails: clerk-error.ts
 *
 * Promises. Everything that leaves this folder has been checked in the fields that it names and has its times in milliseconds. A call is
 * one try (a listing: one try for each page), and it fails with a `ClerkError` whose `kind` tells a write that was never sent from one whose
 * answer was lost. "Not there" is undefined, and only when Clerk itself says so. Errors carry Clerk's words and never the key or a body.
 *
 * Clerk's rate limit is one for the whole instance (1,000 requests in 10 s in production, 100 in development,
 * https://clerk.com/docs/guides/how-clerk-works/system-limits) and shared with the application that the instance is there for: pace.ts keeps
 * us to a share of it. Where it is spent all the same, the call fails as `rate`; waiting and trying again are the caller's, who knows what
 * else is going on.
 *
 * Why not `@clerk/backend`: it has no timeout, sends two requests for each listing of users, and does not tell an unsent request from a lost
 * answer. It stays the client that the emulator is tested with.
 */

import { z } from 'zod'
import { ClerkError, isAbsent } from './clerk-error.ts'
import { createClerkHttp } from './http.ts'
import type { Pace } from './pace.ts'
import {
  type ClerkMembership,
  type ClerkOrganization,
  type ClerkUser,
  type Metadata,
  membershipSchema,
  organizationSchema,
  parseAs,
  userSchema,
} from './schemas.ts'

export type NewOrganization = {
  name: string
  /** Only where the instance has slugs switched on; otherwise Clerk refuses with `organization_slugs_disabled`. */
  slug?: string | undefined
  /** The user who becomes its first administrator. */
  createdBy?: string | undefined
  publicMetadata?: Metadata | undefined
  privateMetadata?: Metadata | undefined
  /** 0 is unlimited; without it the instance's default applies. */
  maxAllowedMemberships?: number | undefined
}

export type ClerkClient = {
  /** Undefined where there is no such user, or no longer. */
  getUser: (id: string) => Promise<ClerkUser | undefined>
  /** At most 100 ids in one call. Users that Clerk does not know are left out; the order is Clerk's. */
  getUsers: (ids: readonly string[]) => Promise<ClerkUser[]>
  /** By id (or slug). Undefined where there is no such organization, or no longer. */
  getOrganization: (id: string) => Promise<ClerkOrganization | undefined>
  /** All of them, however many pages. Undefined where there is no such user. */
  listUserMemberships: (userId: string) => Promise<ClerkMembership[] | undefined>
  /** Not idempotent, and Clerk has no unique key for it: after a `lost-answer` look with `findOrganizations` before trying again. */
  createOrganization: (organization: NewOrganization) => Promise<ClerkOrganization>
  /** `query` is an id, or a part of a name or slug. All that match, newest first. */
  findOrganizations: (criteria: { query: string }) => Promise<ClerkOrganization[]>
  /** Waits for the requests under way, then closes the connections. What has not been sent by then is not sent. */
  close: () => Promise<void>
}

export type ClerkClientOptions = {
  /** `sk_live_…` or `sk_test_…`. */
  secretKey: string
  /** Without `/v1`. @default 'https://api.clerk.com' */
  apiUrl?: string
  /** For one request from its start to the end of its answer. @default 30_000 */
  timeoutMs?: number
  /** Asked before each request; `createPace` keeps to a share of Clerk's rate limit. @default no waiting */
  pace?: Pace
}

/** The most that Clerk takes; above it, the limit is reported to fall back to 10 without an error (clerk-sdk-python #166). */
const PAGE = 500

const pageSchema = z.looseObject({ data: z.array(z.unknown()), total_count: z.number() })

/** Opens no connection until the first call. */
export function createClerkClient(options: ClerkClientOptions): ClerkClient {
  const { secretKey, apiUrl = 'https://api.clerk.com', timeoutMs = 30_000, pace } = options
  const http = createClerkHttp({ secretKey, apiUrl, timeoutMs, pace })

  async function get<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
    return readAs(schema, await http.request({ method: 'GET', path }), what)
  }

  /**
   * Follows `offset`, the only way to page that these listings have. A record that is removed meanwhile moves the ones behind it up, and one
   * of them may be missed at the seam of two pages; one that is added may come twice, and is given once.
   */
  async function list<T extends { id: string }>(
    path: string,
    query: Record<string, string>,
    schema: z.ZodType<T>,
    what: string,
  ): Promise<T[]> {
    const found = new Map<string, T>()
    for (let offset = 0; ; ) {
      const search = new URLSearchParams({ ...query, limit: String(PAGE), offset: String(offset) })
      const page = await get(`${path}?${search}`, pageSchema, what)
      const before = found.size
      for (const one of page.data) {
        const record = readAs(schema, one, what)
        found.set(record.id, record)
      }
      // By what came, not by what was asked for: a server that gives less at a time than we want must not cost us records.
      offset += page.data.length
      if (offset >= page.total_count || found.size === before) return [...found.values()]
    }
  }

  return {
    getUser: (id) => unlessAbsent(get(`/users/${encodeURIComponent(id)}`, userSchema, 'user')),

    async getUsers(ids) {
      if (ids.length > 100) throw new RangeError(`Clerk takes at most 100 user ids in one call, not ${ids.length}.`)
      if (ids.length === 0) return []
      const search = new URLSearchParams([['limit', '100'], ...ids.map((id) => ['user_id', id])])
      return get(`/users?${search}`, z.array(userSchema), 'list of users')
    },

    getOrganization: (id) =>
      unlessAbsent(get(`/organizations/${encodeURIComponent(id)}`, organizationSchema, 'organization')),

    listUserMemberships: (userId) => {
      const path = `/users/${encodeURIComponent(userId)}/organization_memberships`
      return unlessAbsent(list(path, {}, membershipSchema, 'list of memberships'))
    },

    async createOrganization(organization) {
      const body = {
        name: organization.name,
        slug: organization.slug,
        created_by: organization.createdBy,
        public_metadata: organization.publicMetadata,
        private_metadata: organization.privateMetadata,
        max_allowed_memberships: organization.maxAllowedMemberships,
      }
      const json = await http.request({ method: 'POST', path: '/organizations', body })
      return readAs(organizationSchema, json, 'organization', 'lost-answer')
    },

    findOrganizations: ({ query }) =>
      list('/organizations', { query, order_by: '-created_at' }, organizationSchema, 'list of organizations'),

    close: () => http.close(),
  }
}

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** An answer that cannot be read is as good as none: to a write, it is lost. */
function readAs<T>(schema: z.ZodType<T>, json: unknown, what: string, kind: 'refused' | 'lost-answer' = 'refused'): T {
  try {
    return parseAs(schema, json, what)
  } catch (cause) {
    throw new ClerkError(kind, 'UNREADABLE', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
