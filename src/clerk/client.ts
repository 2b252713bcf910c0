/*
 * Clerk as clerkforce uses it.
 *
 *   signature.ts   is this webhook really Clerk's?            raw body  -> delivery id, or a reason to refuse
 *   event.ts       what does it say?                          JSON      -> ClerkEvent
 *   client.ts      what does Clerk say when asked or told?    call      -> ClerkUser, ClerkOrganization, ClerkMembership, ClerkInvitation
 *     updates.ts       fields and metadata of records that exist
 *     invitations.ts   to an organization
 *     scans/           every user, organization and membership, while they change
 *     calls.ts         a request whose answer has been checked; all pages of a listing
 *   schemas.ts     the shapes that both roads share, checked once
 *   http.ts        one request, and what it means when it fails: clerk-error.ts
 *
 * Promises. Everything that leaves this folder has been checked in the fields that it names and has its times in milliseconds. A call is
 * one try (a listing or scan: one try for each page), and it fails with a `ClerkError` whose `kind` tells a write that was never sent from one whose
 * answer was lost, and one that a directory forbids for good. A record that is asked for and not there is undefined, and only when Clerk
 * itself says so. Errors carry Clerk's words and never the key, a body or an e-mail address.
 *
 * Clerk's rate limit is one for the whole instance (1,000 requests in 10 s in production, 100 in development,
 * https://clerk.com/docs/guides/how-clerk-works/system-limits) and shared with the application that the instance is there for: pace.ts keeps
 * us to a share of it, and record-pace.ts each record to the updates that Clerk allows it. Where a limit is met all the same, the call fails
 * as `rate`; waiting and trying again are the caller's, who knows what else is going on.
 *
 * Why not `@clerk/backend`: it has no timeout, sends two requests for each listing of users, and does not tell an unsent request from a lost
 * answer. It stays the client that the emulator is tested with.
 */

import { z } from 'zod'
import { createCalls, organizationPath, unlessAbsent, userPath } from './calls.ts'
import { createClerkHttp } from './http.ts'
import { createInvitations, type Invitations } from './invitations.ts'
import type { Pace } from './pace.ts'
import type { RecordPace } from './record-pace.ts'
import { createScans, type Scans } from './scans/scans.ts'
import {
  type ClerkMembership,
  type ClerkOrganization,
  type ClerkUser,
  type Metadata,
  membershipSchema,
  organizationSchema,
  userSchema,
} from './schemas.ts'
import { createUpdates, type Updates } from './updates.ts'

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

export type ClerkClient = Updates &
  Invitations &
  Scans & {
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
    /** Since when Clerk has not answered; undefined while it does, and where no `now` was given. */
    awaySince: () => number | undefined
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
  /** `createRecordPace` keeps the updates of each record within Clerk's limit. @default none is held back */
  recordPace?: RecordPace
  /** To know since when Clerk has been away. */
  now?: () => number
}

/** Opens no connection until the first call. */
export function createClerkClient(options: ClerkClientOptions): ClerkClient {
  const { secretKey, apiUrl = 'https://api.clerk.com', timeoutMs = 30_000, pace, recordPace, now } = options
  const http = createClerkHttp({ secretKey, apiUrl, timeoutMs, pace, now })
  const calls = createCalls(http)
  const { get, list, write } = calls

  return {
    ...createUpdates(calls, recordPace),
    ...createInvitations(calls),
    ...createScans(calls),

    getUser: (id) => unlessAbsent(get(userPath(id), userSchema, 'user')),

    async getUsers(ids) {
      if (ids.length > 100) throw new RangeError(`Clerk takes at most 100 user ids in one call, not ${ids.length}.`)
      if (ids.length === 0) return []
      const search = new URLSearchParams([['limit', '100'], ...ids.map((id) => ['user_id', id])])
      return get(`/users?${search}`, z.array(userSchema), 'list of users')
    },

    getOrganization: (id) => unlessAbsent(get(organizationPath(id), organizationSchema, 'organization')),

    listUserMemberships: (userId) =>
      unlessAbsent(list(`${userPath(userId)}/organization_memberships`, {}, membershipSchema, 'list of memberships')),

    createOrganization: (organization) => {
      const body = {
        name: organization.name,
        slug: organization.slug,
        created_by: organization.createdBy,
        public_metadata: organization.publicMetadata,
        private_metadata: organization.privateMetadata,
        max_allowed_memberships: organization.maxAllowedMemberships,
      }
      return write('POST', '/organizations', body, organizationSchema, 'organization')
    },

    findOrganizations: ({ query }) =>
      list('/organizations', { query, order_by: '-created_at' }, organizationSchema, 'list of organizations'),

    awaySince: http.awaySince,
    close: () => http.close(),
  }
}
