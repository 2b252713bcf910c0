import type { SessionRecord, UserRecord } from './entities.ts'
import type { Instance } from './instance.ts'
import { userJson } from './present-users.ts'

// Sessions, as far as events tell of them: a sign-in opens one, and signing out, a ban or a lost password ends it. One that is over is
// forgotten. There is no Backend API for them here.

const day = 86_400_000

/** How a session comes to its end: the user signs out, leaves the client, or somebody else puts an end to it. */
export type SessionEnd = 'ended' | 'removed' | 'revoked'

/** What the events of a session carry. */
export const sessionJson = (session: SessionRecord, user: UserRecord): Record<string, unknown> => ({
  object: 'session',
  id: session.id,
  client_id: session.client_id,
  user_id: session.user_id,
  user: userJson(user),
  status: session.status,
  actor: null,
  last_active_organization_id: null,
  last_active_at: session.updated_at,
  latest_activity: null,
  expire_at: session.created_at + 7 * day,
  abandon_at: session.created_at + 30 * day,
  created_at: session.created_at,
  updated_at: session.updated_at,
})

/** A session that nobody keeps yet. */
export const newSession = (instance: Instance, user: UserRecord, status: SessionRecord['status']): SessionRecord => ({
  id: instance.newId('sess'),
  client_id: instance.newId('client'),
  user_id: user.id,
  status,
  created_at: instance.now(),
  updated_at: instance.now(),
})

/** The user's sessions that are not over. */
const openSessions = ({ store }: Instance, user: UserRecord): readonly SessionRecord[] =>
  store.sessions.get(user.id) ?? []

/**
 * A sign-in. A pending one waits until the user has done what the application demands, such as choosing an organization; signing in once
 * more does it.
 */
export const openSession = (instance: Instance, user: UserRecord, pending: boolean): SessionRecord => {
  const open = openSessions(instance, user)
  const waiting = pending ? undefined : open.find(({ status }) => status === 'pending')
  const session = waiting ?? newSession(instance, user, pending ? 'pending' : 'active')
  if (waiting) Object.assign(waiting, { status: 'active', updated_at: instance.now() })
  else instance.store.sessions.set(user.id, [...open, session])
  instance.emit(pending ? 'session.pending' : 'session.created', sessionJson(session, user))
  return session
}

/** Ends all of a user's sessions, or the one with this id. Returns the ids of those that were ended. */
export const endSessions = (instance: Instance, user: UserRecord, how: SessionEnd, id?: string): string[] => {
  const [over, left] = [[], []] as [SessionRecord[], SessionRecord[]]
  for (const session of openSessions(instance, user))
    (id === undefined || session.id === id ? over : left).push(session)
  if (left.length > 0) instance.store.sessions.set(user.id, left)
  else instance.store.sessions.delete(user.id)
  for (const session of over)
    instance.emit(`session.${how}`, sessionJson({ ...session, status: how, updated_at: instance.now() }, user))
  return over.map((session) => session.id)
}
