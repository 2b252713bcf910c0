import { ClerkError } from '../clerk-error.ts'
import type { ClerkUser } from '../schemas.ts'
import { createSeen, cutShort, type ScanPosition, type Seen } from './seen.ts'

/** Where a page begins: behind a user, among those created after a time. */
export type UserPlace = { starting_after?: string | undefined; created_at_after?: number | undefined }

export type UserSource = {
  limit: number
  page: (place: UserPlace) => Promise<ClerkUser[]>
  count: () => Promise<number>
  from?: ScanPosition | undefined
}

/** How often a count that nothing explains is taken again: a user may come and go between the count and the page behind it. */
const ROUNDS = 3

/**
 * Users by cursor. What Clerk does when the user at the cursor is deleted between two pages is not documented: it may refuse the page or
 * show an empty one, as at the end. So neither is believed: the scan goes on by time, with all users created since the newest that it
 * knows. At the end the same page is the proof, asked for after a count that must be reached with it: two requests more than pages.
 */
export async function* scanUsers(source: UserSource): AsyncGenerator<ClerkUser[], void, undefined> {
  const { limit, page, count, from } = source
  const seen = createSeen<ClerkUser>(from)
  let place: UserPlace = since(seen)
  /** Taken before the pages that are to prove it; undefined while there is something new. */
  let counted: number | undefined
  let rounds = 0
  for (;;) {
    const users = await pageUnlessGone(page, place)
    const fresh = seen.take(users ?? [])
    if (fresh.length > 0) {
      yield fresh
      rounds = 0
    }
    if (users === undefined) {
      place = since(seen)
    } else if (users.length >= limit) {
      place = behind(users, place)
      if (fresh.length > 0) counted = undefined
    } else {
      if (counted !== undefined && seen.count() >= counted) return
      if (++rounds > ROUNDS) throw cutShort(`Clerk counts ${counted} users, and lists ${seen.count()}`)
      counted = await count()
      const wholeList = place.starting_after === undefined
      if (wholeList && seen.count() >= counted) return
      place = since(seen)
    }
  }
}

/** Undefined where Clerk does not take the cursor. */
async function pageUnlessGone(page: UserSource['page'], place: UserPlace): Promise<ClerkUser[] | undefined> {
  try {
    return await page(place)
  } catch (error) {
    const refused = error instanceof ClerkError && error.kind === 'refused' && error.status !== undefined
    if (place.starting_after !== undefined && refused && [400, 404, 422].includes(error.status ?? 0)) return undefined
    throw error
  }
}

/** From the newest user on, that one included: who was created in the same millisecond may not have been shown yet. */
function since(seen: Seen<ClerkUser>): UserPlace {
  const newest = seen.newest()
  return newest === undefined ? {} : { created_at_after: newest - 1 }
}

/** Everything but the cursor stays the same from page to page, as Clerk asks for. */
function behind(users: readonly ClerkUser[], place: UserPlace): UserPlace {
  const last = users.at(-1)?.id
  if (last === place.starting_after) throw cutShort('Clerk gave the same page of users twice')
  return { ...place, starting_after: last }
}
