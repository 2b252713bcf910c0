import type { ClerkClient } from '../../clerk/client.ts'
import type { Entity, Observation, Value } from '../../model/model.ts'
import type { ClerkRow } from '../mirror/context.ts'
import { observeMembership, observeOrganization, observeUser } from '../mirror/from-clerk.ts'

/** Values by their place in Clerk's record, such as `name` or `public_metadata.crm.tier`. */
export type Places = { readonly [to: string]: Value }

/** One request to Clerk, and what its answer shows. */
export type ClerkWrite = () => Promise<readonly Observation[]>

type Tree = { [key: string]: Value | Tree }

const places = ['public_metadata', 'private_metadata', 'unsafe_metadata'] as const
type Place = (typeof places)[number]

/** Keys that would reach into the prototype are kept as what they are. */
const branch = (): Tree => Object.create(null) as Tree

const plant = (tree: Tree, path: readonly string[], value: Value): void => {
  const [key = '', ...rest] = path
  if (rest.length === 0) tree[key] = value
  else {
    const below = tree[key]
    const inner = typeof below === 'object' && below !== null ? below : branch()
    tree[key] = inner
    plant(inner, rest, value)
  }
}

/** Metadata is merged by Clerk, deeply, and null removes a key: exactly the mapped keys are named, nothing else is touched. */
const metadataOf = (wanted: Places): Partial<Record<Place, Tree>> => {
  const found: Partial<Record<Place, Tree>> = {}
  for (const [to, value] of Object.entries(wanted)) {
    const [place, ...path] = to.split('.')
    const known = places.find((one) => one === place)
    if (!known) continue
    const tree = found[known] ?? branch()
    found[known] = tree
    plant(tree, path, value)
  }
  return found
}

/** The text of a place at the top of a record; undefined where it is not wanted, null where it is to be emptied. */
const textAt = (wanted: Places, to: string): string | null | undefined => {
  const value = wanted[to]
  return value === undefined || value === null ? value : String(value)
}

const some = (values: readonly unknown[]): boolean => values.some((value) => value !== undefined)

type Metadata = { publicMetadata?: Tree; privateMetadata?: Tree }
const withoutUnsafe = ({ public_metadata, private_metadata }: ReturnType<typeof metadataOf>): Metadata => ({
  ...(public_metadata ? { publicMetadata: public_metadata } : {}),
  ...(private_metadata ? { privateMetadata: private_metadata } : {}),
})

const userWrites = (clerk: ClerkClient, { id }: ClerkRow, wanted: Places): ClerkWrite[] => {
  const own = {
    firstName: textAt(wanted, 'first_name'),
    lastName: textAt(wanted, 'last_name'),
    username: textAt(wanted, 'username'),
    externalId: textAt(wanted, 'external_id'),
  }
  const metadata = metadataOf(wanted)
  const unsafe = metadata.unsafe_metadata
  const writes: ClerkWrite[] = []
  if (some(Object.values(own))) writes.push(async () => [observeUser(await clerk.updateUser(id, own))])
  if (Object.keys(metadata).length > 0)
    writes.push(async () => [
      observeUser(
        await clerk.mergeUserMetadata(id, {
          ...withoutUnsafe(metadata),
          ...(unsafe ? { unsafeMetadata: unsafe } : {}),
        }),
      ),
    ])
  return writes
}

const organizationWrites = (clerk: ClerkClient, { id }: ClerkRow, wanted: Places): ClerkWrite[] => {
  const metadata = withoutUnsafe(metadataOf(wanted))
  const own = { name: textAt(wanted, 'name') ?? undefined, slug: textAt(wanted, 'slug') ?? undefined }
  const writes: ClerkWrite[] = []
  if (some(Object.values(own))) writes.push(async () => [observeOrganization(await clerk.updateOrganization(id, own))])
  if (Object.keys(metadata).length > 0)
    writes.push(async () => [observeOrganization(await clerk.mergeOrganizationMetadata(id, metadata))])
  return writes
}

const membershipWrites = (clerk: ClerkClient, record: ClerkRow, wanted: Places): ClerkWrite[] => {
  const { organizationId, personId } = record
  if (organizationId === null || personId === null) return []
  const metadata = withoutUnsafe(metadataOf(wanted))
  return [async () => observeMembership(await clerk.mergeMembershipMetadata(organizationId, personId, metadata))]
}

const byEntity: Readonly<Partial<Record<Entity, typeof userWrites>>> = {
  person: userWrites,
  organization: organizationWrites,
  membership: membershipWrites,
}

/** The requests by which a record of Clerk gets these values: one for its own fields, one for its metadata. */
export const clerkWrites = (clerk: ClerkClient, entity: Entity, record: ClerkRow, wanted: Places): ClerkWrite[] =>
  byEntity[entity]?.(clerk, record, wanted) ?? []

/**
 * Asks Clerk for a record as it is now; undefined where it is gone. A membership cannot be asked for alone.
 * @param now seen at this moment: of two bodies of one version, a webhook's and this one, this one counts.
 */
export const readClerkNow = async (
  clerk: ClerkClient,
  entity: Entity,
  { id, personId }: ClerkRow,
  now: number,
): Promise<readonly Observation[] | undefined> => {
  switch (entity) {
    case 'person': {
      const user = await clerk.getUser(id)
      return user ? [observeUser(user, now)] : undefined
    }
    case 'organization': {
      const organization = await clerk.getOrganization(id)
      return organization ? [observeOrganization(organization, now)] : undefined
    }
    case 'membership': {
      const memberships = personId === null ? undefined : await clerk.listUserMemberships(personId)
      const membership = memberships?.find((one) => one.id === id)
      return membership ? observeMembership(membership, now) : undefined
    }
  }
}
