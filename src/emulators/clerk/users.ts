import type { UserMetadataBody } from './bodies.ts'
import type { Identification, UserRecord } from './entities.ts'
import { ApiError, notFound } from './errors.ts'
import type { Instance } from './instance.ts'
import { sendEmail } from './mail.ts'
import { removeMembership } from './memberships.ts'
import { changeMetadata } from './metadata.ts'
import { deletedJson } from './present-organizations.ts'
import { userJson } from './present-users.ts'
import { noteSecondFactor } from './second-factors.ts'
import { endSessions, openSession } from './sessions.ts'

/** @throws ApiError 404 */
export const getUser = ({ store }: Instance, id: string): UserRecord => {
  const user = store.users.get(id)
  if (!user) throw notFound(`No user was found with id ${id}`)
  return user
}

/** Stamps a change of a user and sends `user.updated`. */
export const userChanged = (instance: Instance, user: UserRecord): void => {
  user.updated_at = instance.now()
  noteSecondFactor(user, instance.now())
  instance.store.users.touch()
  instance.emit('user.updated', userJson(user))
}

export const primaryEmail = (user: UserRecord): Identification | undefined =>
  user.identifications.find(({ id }) => id === user.primary_email_address_id)

/** Tells the address that was the primary one that it no longer is. */
export const notifyPrimaryChanged = (
  instance: Instance,
  user: UserRecord,
  identification: Identification | undefined,
): void => {
  const now = primaryEmail(user)
  if (!identification || identification.value === now?.value) return
  sendEmail(instance, {
    slug: 'primary_email_address_changed',
    to: { address: identification.value, identification, user },
    subject: 'Your primary email address has changed',
    text: 'Your account has another primary email address now.',
    data: { new_email_address: now?.value ?? null },
  })
}

/** @throws ApiError 409 when the user belongs to a directory. */
export const assertNotScim = (user: UserRecord): void => {
  if (user.scim?.directory_enabled)
    throw new ApiError(409, 'user_managed_by_scim', 'managed by SCIM', {
      longMessage: "This user is managed by the organization's directory.",
    })
}

/** The metadata of a user, by its field. */
export const metadataOf = ({
  public_metadata,
  private_metadata,
  unsafe_metadata,
}: UserRecord): Required<UserMetadataBody> => ({
  public_metadata,
  private_metadata,
  unsafe_metadata,
})

/** PATCH merges, PUT replaces. */
export const changeUserMetadata = (
  instance: Instance,
  user: UserRecord,
  body: UserMetadataBody,
  mode: 'merge' | 'replace',
): void => {
  Object.assign(user, changeMetadata(metadataOf(user), body, mode))
  userChanged(instance, user)
}

/** Bans, locks or deprovisions a user, or takes it back. */
export const setUserFlag = (
  instance: Instance,
  user: UserRecord,
  field: 'banned' | 'locked' | 'deprovisioned',
  value: boolean,
): void => {
  user[field] = value
  userChanged(instance, user)
  // "All their sessions are revoked", says the API of a ban.
  if (field === 'banned' && value) endSessions(instance, user, 'revoked')
}

/** What a sign-in leaves behind: two times on the user and a session. `last_active_at` has day precision. */
export const signIn = (instance: Instance, user: UserRecord, pending = false): void => {
  const now = instance.now()
  user.last_sign_in_at = now
  user.last_active_at = now - (now % 86_400_000)
  instance.store.users.touch()
  openSession(instance, user, pending)
  if (instance.settings.signInUpdatesUser) userChanged(instance, user)
}

/** Deletes a user and the memberships with it. */
export const deleteUser = (instance: Instance, user: UserRecord): object => {
  for (const membership of [...instance.store.membershipsOfUser(user.id)])
    removeMembership(instance, membership, instance.settings.cascadeEvents)
  instance.store.removeUser(user)
  instance.store.sessions.delete(user.id)
  const deleted = deletedJson('user', {
    id: user.id,
    ...(user.external_id !== null && { external_id: user.external_id }),
  })
  instance.emit('user.deleted', deleted)
  return deleted
}
