import { createUser } from '../create-user.ts'
import { createDomain } from '../domains.ts'
import type { Identification, IdentificationKind, UserRecord } from '../entities.ts'
import type { Instance } from '../instance.ts'
import { createInvitations } from '../invitations.ts'
import { createOrganization } from '../organizations.ts'
import { createStore, type Store } from '../store.ts'
import { createWaitlistEntries } from '../waitlist.ts'

/** Records of a kind, the oldest first. */
export type Kind<T> = (store: Store) => readonly T[]

/** Gives the newest record of a kind and the instance that knows it. */
export type Cast = <T>(kind: Kind<T>) => { instance: Instance; record: T }

/** An instance beside the given one, with one record of each kind and nobody who listens. Its people are this project's invention. */
const inventInstance = (real: Instance): Instance => {
  const settings = { ...real.settings, slugs: false, userLimit: 0, enrollmentModes: ['manual_invitation'] as const }
  const instance: Instance = { ...real, settings, store: createStore(settings, real.now()), emit: () => {} }
  const user = createUser(instance, {
    email_address: ['wilhelmina@example.com'],
    phone_number: ['+15555550123'],
    first_name: 'Wilhelmina',
    last_name: 'Quill',
    skip_user_requirement: true,
  })
  const organization = createOrganization(instance, {
    name: 'Quill and Daughters',
    created_by: user.id,
    max_allowed_memberships: 0,
  })
  const role = instance.store.memberships.byCreation()[0]?.role ?? settings.creatorRole
  createInvitations(instance, organization, [
    { email_address: 'inkwell@example.com', role, inviter_user_id: user.id, notify: false },
  ])
  createDomain(instance, organization, { name: 'quill.example', enrollment_mode: 'manual_invitation' })
  createWaitlistEntries(instance, [{ email_address: 'blotter@example.com', notify: false }])
  return instance
}

/** Looks in the instance first, and among invented records where it has none of the kind. */
export const createCast = (instance: Instance): Cast => {
  let invented: Instance | undefined
  return (kind) => {
    const real = kind(instance.store).at(-1)
    if (real !== undefined) return { instance, record: real }
    invented ??= inventInstance(instance)
    const record = kind(invented.store).at(-1)
    if (record === undefined) throw new Error('There is no record that such an event could tell of.')
    return { instance: invented, record }
  }
}

/** Those who can be reached by e-mail, or by phone, with where. */
export const reachable =
  (by: IdentificationKind): Kind<{ user: UserRecord; identification: Identification }> =>
  ({ users }) =>
    users.byCreation().flatMap((user) => {
      const identification = user.identifications.find(({ kind }) => kind === by)
      return identification ? [{ user, identification }] : []
    })
