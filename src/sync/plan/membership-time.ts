import type { ClerkMembership, MirrorRecord } from '../../model/model.ts'

/** A membership with what decides whether it still runs: its organization's end and the Account it leads to. */
export type MembershipView = {
  membership: ClerkMembership
  organization: { deletedAt: number | null; accountId: string | undefined; parked: boolean }
}

const earliest = (...times: (number | null | undefined)[]): number | undefined => {
  const known = times.filter((time): time is number => typeof time === 'number')
  return known.length > 0 ? Math.min(...known) : undefined
}

/** When a membership ended: its own deletion, its user's or its organization's, whichever was first; undefined while it runs. */
export const endedAt = (
  membership: MirrorRecord,
  person: { deletedAt: number | null } | undefined,
  organization: { deletedAt: number | null },
): number | undefined => earliest(membership.deletedAt, person?.deletedAt, organization.deletedAt)

/** When Clerk made the membership, in ms. */
export const startedAt = (membership: MirrorRecord): number => {
  const created = membership.body['created_at']
  return typeof created === 'number' ? created : membership.version
}

/** Oldest first; the id decides between equals, so that every process picks the same. */
export const byStart = (a: MembershipView, b: MembershipView): number =>
  startedAt(a.membership) - startedAt(b.membership) || (a.membership.id < b.membership.id ? -1 : 1)
