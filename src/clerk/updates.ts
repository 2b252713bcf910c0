import { type Calls, organizationPath, userPath } from './calls.ts'
import type { RecordPace } from './record-pace.ts'
import {
  type ClerkMembership,
  type ClerkOrganization,
  type ClerkUser,
  type Metadata,
  membershipSchema,
  organizationSchema,
  userSchema,
} from './schemas.ts'

/** What is absent or undefined stays as it is; null clears. */
export type UserUpdate = {
  firstName?: string | null | undefined
  lastName?: string | null | undefined
  /** Unique in the instance: otherwise Clerk refuses with `form_identifier_exists`. */
  username?: string | null | undefined
  /** Unique in the instance. */
  externalId?: string | null | undefined
}

/** What is absent or undefined stays as it is. An organization is never without a name, so that nothing here can be cleared. */
export type OrganizationUpdate = {
  /** At most 256 characters, without addresses of web pages and HTML. */
  name?: string | undefined
  /** Only where the instance has slugs switched on; otherwise Clerk refuses with `organization_slugs_disabled`. */
  slug?: string | undefined
}

/**
 * Keys to be merged into the metadata of a record, at any depth: null removes a key, an object is merged into an object, and anything else
 * replaces what was there, a list as a whole. Keys that are not named stay, whoever wrote them. Clerk allows 8 KB, and does not say whether
 * for each kind of metadata or for all of a record together.
 */
export type MetadataUpdate = { publicMetadata?: Metadata | undefined; privateMetadata?: Metadata | undefined }
export type UserMetadataUpdate = MetadataUpdate & { unsafeMetadata?: Metadata | undefined }

/**
 * Updates of records that exist, each one PATCH, which answers with the whole record as it is then. All of them set values and none adds
 * to one: after a `lost-answer` the same may be sent again, as long as the values are still wanted. Where the record is gone they fail as
 * `refused`, and `isAbsent` tells; where a directory owns it, as `managed`; the eleventh of a record in 10 s as `rate`, unsent.
 */
export type Updates = {
  updateUser: (id: string, update: UserUpdate) => Promise<ClerkUser>
  mergeUserMetadata: (id: string, update: UserMetadataUpdate) => Promise<ClerkUser>
  updateOrganization: (id: string, update: OrganizationUpdate) => Promise<ClerkOrganization>
  mergeOrganizationMetadata: (id: string, update: MetadataUpdate) => Promise<ClerkOrganization>
  mergeMembershipMetadata: (organizationId: string, userId: string, update: MetadataUpdate) => Promise<ClerkMembership>
}

/** Since version 2026-05-12 of the API fields and metadata are two endpoints, so that a change of both is two requests. */
export function createUpdates({ write }: Pick<Calls, 'write'>, pace: RecordPace | undefined): Updates {
  /** The path of a record is its name to the pace too: its fields and its metadata share one limit. */
  function within<T>(record: string, send: () => Promise<T>): Promise<T> {
    return pace === undefined ? send() : pace.update(record, send)
  }

  function patchUser(id: string, part: '' | '/metadata', body: object): Promise<ClerkUser> {
    const record = userPath(id)
    return within(record, () => write('PATCH', record + part, body, userSchema, 'user'))
  }

  function patchOrganization(id: string, part: '' | '/metadata', body: object): Promise<ClerkOrganization> {
    const record = organizationPath(id)
    return within(record, () => write('PATCH', record + part, body, organizationSchema, 'organization'))
  }

  return {
    updateUser: (id, { firstName, lastName, username, externalId }) => {
      return patchUser(id, '', { first_name: firstName, last_name: lastName, username, external_id: externalId })
    },

    mergeUserMetadata: (id, update) =>
      patchUser(id, '/metadata', { ...metadataBody(update), unsafe_metadata: update.unsafeMetadata }),

    updateOrganization: (id, { name, slug }) => patchOrganization(id, '', { name, slug }),

    mergeOrganizationMetadata: (id, update) => patchOrganization(id, '/metadata', metadataBody(update)),

    mergeMembershipMetadata: (organizationId, userId, update) => {
      const record = `${organizationPath(organizationId)}/memberships/${encodeURIComponent(userId)}`
      const body = metadataBody(update)
      return within(record, () => write('PATCH', `${record}/metadata`, body, membershipSchema, 'membership'))
    },
  }
}

const metadataBody = ({ publicMetadata, privateMetadata }: MetadataUpdate): object => ({
  public_metadata: publicMetadata,
  private_metadata: privateMetadata,
})
