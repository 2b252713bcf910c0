import type { ClerkClient } from '../clerk/client.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Engine } from '../sync/engine.ts'
import { beginErasure } from '../sync/mirror/erase.ts'
import { type Receipt, readReceipt } from '../sync/mirror/receipts.ts'
import { searchInbox } from '../sync/mirror/search-inbox.ts'
import type { UserErased } from '../sync/plan/mapping.ts'

/** Whom to erase. */
export type Erase = {
  /** Clerk's id, `user_…`. */
  person: string
  /** Although the user may live in Clerk, which would then be asked for nothing. @default false */
  force?: boolean | undefined
}

/** What is known of somebody before anything is done. */
export type Erasable = {
  person: string
  /** Whether we ever saw the user. */
  known: boolean
  /** The Contact that the user is linked to. */
  contactId: string | null
  /** In Clerk's own words; null where Clerk was not asked. */
  livesInClerk: boolean | null
  /** What will be done in Salesforce; null where the mapping is not known, because another process writes. */
  policy: UserErased | null
  /** When this person was erased before, in ms. */
  erasedAt: number | null
}

/** The user lives in Clerk: erased here, the next event would tell of it again, and be emptied, for ever. */
export class StillLivesError extends Error {
  override readonly name: string = 'StillLivesError'
  constructor(person: string) {
    super(
      `${person} still lives in Clerk, which would send the person's data again: delete the user there first, then erase. With force it is erased all the same, and whatever Clerk sends of it is thrown away`,
    )
  }
}

/** Erasing, the same in the process and over HTTP. */
export type Erasures = {
  /** What is known of the person, and whether the user lives in Clerk. */
  erasable: (person: string) => Promise<Erasable>
  /**
   * Begins to erase: when it resolves, the database holds the person's data in the inbox at most, and nothing new is kept.
   * @throws StillLivesError where Clerk shows the user, unless forced.
   */
  erase: (what: Erase) => Promise<Receipt>
  /**
   * The receipt as things stand now; undefined where there is none. Where no engine runs in this process, each call searches a part of the
   * inbox: ask until `inbox.endedAt` is set.
   */
  receipt: (id: string) => Promise<Receipt | undefined>
}

export type ErasuresOptions = {
  db: Database
  /** Undefined where Clerk cannot be asked: then only force erases. */
  clerk: Pick<ClerkClient, 'getUser'> | undefined
  engine: Pick<Engine, 'wake' | 'health'> | undefined
  clock: Clock
  newKey: () => string
}

const findPerson = `
  select exists (select 1 from clerkforce.record r where r.side = 'clerk' and r.entity = 'person' and r.id = $1) as known,
    (select l.salesforce_id from clerkforce.link l where l.entity = 'person' and l.clerk_id = $1) as "contactId",
    (select max(e.at) from clerkforce.erasure e where e.person_id = $1) as "erasedAt"`

type Found = Pick<Erasable, 'known' | 'contactId' | 'erasedAt'>

/** Erasing on a database, and on the engine that works on it in this process if there is one. */
export const createErasures = ({ db, clerk, engine, clock, newKey }: ErasuresOptions): Erasures => {
  const lives = async (person: string): Promise<boolean | null> =>
    clerk ? (await clerk.getUser(person)) !== undefined : null
  return {
    erasable: async (person) => {
      const [found] = await db.query<Found>(findPerson, [person])
      const { known = false, contactId = null, erasedAt = null } = found ?? {}
      const policy = engine?.health().checked?.rules.userErased ?? null
      return { person, known, contactId, livesInClerk: await lives(person), policy, erasedAt }
    },
    erase: async ({ person, force = false }) => {
      if (!force && (await lives(person)) !== false) throw new StillLivesError(person)
      const id = newKey()
      await beginErasure(db, id, person, clock.now())
      engine?.wake()
      const receipt = await readReceipt(db.query, id)
      if (!receipt) throw new Error(`the receipt ${id} was stored and is not there`)
      return receipt
    },
    receipt: async (id) => {
      if (!engine) await searchInbox(db, clock.now())
      return readReceipt(db.query, id)
    },
  }
}
