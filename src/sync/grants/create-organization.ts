/**
 * Creates an organization in Clerk so that trying again makes no second one.
 *
 *   write down the intent -> [look for its mark] -> create, marked -> observe the answer and finish the intent
 *
 * Clerk has no idempotency keys, and names of organizations are not unique. So the intent is stored before the call, and the organization
 * carries its key in `private_metadata.clerkforce_intent`. Whoever meets an unfinished intent, after a lost answer or a killed process,
 * looks for that mark before creating. One call at a time works on an intent, under a lease that it renews; others with the same key wait
 * for it and get the same organization, in whatever process they run.
 *
 * The answer goes into the mirror in the transaction that finishes the intent: the Account appears by the normal road, even if no webhook
 * comes. What remains: a create that Clerk carries out only after we have lost its answer and looked in vain several times is made twice.
 */

import { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import type { ClerkOrganization, Metadata } from '../../clerk/schemas.ts'
import type { Clock } from '../../clock.ts'
import type { Database, Query } from '../../db/database.ts'
import { observeOrganization } from '../mirror/from-clerk.ts'
import { findProvisioned } from '../mirror/granted.ts'
import { finishIntent, intentMark, releaseIntent, renewIntent, takeIntent } from '../mirror/intents.ts'
import { observeClerk } from '../mirror/observe.ts'

export type OrganizationRequest = {
  /**
   * Names the request: the same key gives the same organization, however often it is asked for. Without it, an unfinished request for the
   * same name counts as the same one.
   */
  key?: string | undefined
  name: string
  /** Only where the Clerk instance has slugs switched on. */
  slug?: string | undefined
  /** The user who becomes its first administrator. */
  createdBy?: string | undefined
  publicMetadata?: Metadata | undefined
  /** 0 is unlimited. */
  maxAllowedMemberships?: number | undefined
}

export type CreatedOrganization = {
  id: string
  name: string
  slug: string | null
  /** Key of the request, given or made up. */
  key: string
  /** False: it was there already, from an earlier try of the same request. */
  created: boolean
}

export type CreateOrganizationOptions = {
  db: Database
  clerk: Pick<ClerkClient, 'createOrganization' | 'findOrganizations' | 'getOrganization'>
  clock: Clock
  /** Gives a text that is not used elsewhere, such as a UUID. */
  newKey: () => string
  /** Joins the transaction that finishes the request: what has to be true as soon as the organization is known. */
  finished?: (query: Query, id: string) => Promise<void>
}

/** The key was used before, for an organization of another name. */
export class KeyReusedError extends Error {
  override readonly name: string = 'KeyReusedError'
}

const leaseMs = 20_000
const waitMs = 200
/** How long after a lost answer Clerk is asked whether the organization is there: what was under way needs a moment to show. */
const looksAfterMs: readonly number[] = [250, 1_000, 2_500]
const mostTries = 2

type Work = CreateOrganizationOptions & { request: OrganizationRequest; key: string; lease: string }

/**
 * Creates the organization, or finds what an earlier try of the same request made.
 * @throws ClerkError in Clerk's own words when it refuses; of kind `lost-answer` when it can still not be told whether it was created:
 * then try again with the same key.
 * @throws KeyReusedError when the key stands for another name.
 */
export const createOrganization = async (
  options: CreateOrganizationOptions,
  request: OrganizationRequest,
): Promise<CreatedOrganization> => {
  const { db, clock, newKey } = options
  const lease = newKey()
  const name = request.name.trim()
  const { key: given, ...rest } = request
  let key = given
  for (;;) {
    const wanted = { key, newKey: newKey(), name }
    const taken = await takeIntent(db, wanted, { lease, now: clock.now(), leaseMs })
    key = taken.key
    if (taken.state === 'other')
      throw new KeyReusedError(`the key ${taken.key} was used before, for an organization of another name`)
    if (taken.state === 'finished') return readFinished(db, taken.key, taken.clerkId, name)
    if (taken.state === 'mine') return underLease({ ...options, request: { ...rest, name }, key, lease }, taken.look)
    await clock.sleep(waitMs)
  }
}

const readFinished = async (db: Database, key: string, id: string, name: string): Promise<CreatedOrganization> => {
  const [row] = await db.query<{ name: string | null; slug: string | null }>(
    `select body ->> 'name' as name, body ->> 'slug' as slug from clerkforce.record
     where side = 'clerk' and entity = 'organization' and id = $1`,
    [id],
  )
  return { id, name: row?.name ?? name, slug: row?.slug || null, key, created: false }
}

/** Works on the intent while its lease is kept alive; whatever goes wrong, it is given back. */
const underLease = async (work: Work, look: boolean): Promise<CreatedOrganization> => {
  const { db, clock, key, lease } = work
  const end = new AbortController()
  const keepAlive = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(leaseMs / 4, end.signal)
      if (end.signal.aborted) return
      // A renewal that fails is tried again; `create` finds out if the lease is lost.
      await renewIntent(db.query, key, lease, clock.now() + leaseMs).catch(() => undefined)
    }
  }
  const alive = keepAlive()
  try {
    const found = look ? await findMarked(work) : undefined
    const made = found ?? (await create(work, look))
    return await finish(work, made, found === undefined)
  } catch (error) {
    // It may be tried again, and the mark is looked for first; unless `create` has found that there is nothing to look for.
    await releaseIntent(db.query, key, lease).catch(() => undefined)
    throw error
  } finally {
    end.abort()
    await alive
  }
}

/** @param triedBefore an earlier attempt may have made it, although it was looked for in vain */
const create = async (work: Work, triedBefore: boolean): Promise<ClerkOrganization> => {
  const { db, clerk, clock, request, key, lease } = work
  for (let tries = 1; ; tries++) {
    if (!(await renewIntent(db.query, key, lease, clock.now() + leaseMs))) throw new LeaseLostError()
    try {
      return await clerk.createOrganization({ ...request, privateMetadata: { [intentMark]: key } })
    } catch (error) {
      if (!(error instanceof ClerkError)) throw error
      // Only a refusal of the first attempt of all leaves nothing to find: the answer of an earlier one may still turn out to be a yes.
      if (wasTurnedAway(error) && tries === 1 && !triedBefore) await finishIntent(db.query, work, null, clock.now())
      if (error.kind !== 'lost-answer') throw error
      const found = await findAfterLoss(work, error)
      if (found) return found
      if (tries === mostTries) throw error
    }
  }
}

/** By whomever: nothing was made. */
const wasTurnedAway = ({ kind }: ClerkError): boolean => kind === 'refused' || kind === 'auth'

/** Another call took the request over while this one was at work on it. */
export class LeaseLostError extends Error {
  override readonly name: string = 'LeaseLostError'
  constructor() {
    super('the lease of this request ran out; try again with the same key')
  }
}

const findAfterLoss = async (work: Work, lost: ClerkError): Promise<ClerkOrganization | undefined> => {
  for (const pause of looksAfterMs) {
    await work.clock.sleep(pause)
    try {
      const found = await findMarked(work)
      if (found) return found
    } catch {
      // Not to be told: the lost answer is what the caller has to know about.
      throw lost
    }
  }
  return undefined
}

/** By what a webhook told, or by its name in Clerk: the first also finds what was renamed since, the second what no webhook told of. */
const findMarked = async ({ db, clerk, request, key }: Work): Promise<ClerkOrganization | undefined> => {
  const id = await findProvisioned(db.query, key)
  const known = id === undefined ? undefined : await clerk.getOrganization(id)
  if (known) return known
  const found = await clerk.findOrganizations({ query: request.name })
  // Newest first: the last one is the first that was made.
  return found.findLast(({ private_metadata: metadata }) => metadata?.[intentMark] === key)
}

const finish = async (work: Work, made: ClerkOrganization, created: boolean): Promise<CreatedOrganization> => {
  const { db, clock, key } = work
  const finished = await db.transaction(async (query) => {
    await observeClerk(query, [observeOrganization(made)], clock.now())
    const finished = await finishIntent(query, work, made.id, clock.now())
    if (finished) await work.finished?.(query, made.id)
    return finished
  })
  // The organization is there all the same, and in the mirror. Which one stands for the key is now for the other call to say.
  if (!finished) throw new LeaseLostError()
  return { id: made.id, name: made.name, slug: made.slug || null, key, created }
}
