/** Companies and people of any number, as Clerk's webhooks tell of them, and the backlog that they make. */
import type { Database } from '../src/db/database.ts'
import { readHints } from '../src/sync/intake/read-hints.ts'
import { storeHints } from '../src/sync/mirror/inbox.ts'
import type { MappedEntity } from '../src/sync/plan/known-fields.ts'
import {
  type Membership,
  membershipEvent,
  type Organization,
  organizationEvent,
  type User,
  userEvent,
} from '../test/support/clerk-events.ts'

const start = Date.UTC(2026, 0, 5, 9)
const peopleInOrganization = 20

/** Something that happened to the first `count` records of an entity; `version` 0 is their beginning. */
export type Wave = {
  entity: MappedEntity
  count: number
  version: number
  /** The version whose contents they have. @default `version` */
  contents?: number
}

type Which = Pick<Wave, 'version' | 'contents'>

const organization = (n: number, { version, contents = version }: Which): Organization => ({
  id: `org_${n}`,
  name: `Company ${n}, edition ${contents}`,
  at: start + version,
})
export const emailOf = (n: number): string => `user${n}@example.com`
const user = (n: number, { version, contents = version }: Which): User => ({
  id: `user_${n}`,
  email: emailOf(n),
  last: `Lovelace ${contents}`,
  at: start + version,
})
const membership = (n: number, { version, contents = version }: Which): Membership => ({
  id: `orgmem_${n}`,
  user: user(n, { version: 0 }),
  organization: organization(Math.floor(n / peopleInOrganization), { version: 0 }),
  role: `org:role_${contents}`,
  createdAt: start,
  at: start + version,
})

/** How many organizations `people` people are in. */
export const organizationsOf = (people: number): number => Math.ceil(people / peopleInOrganization)

/** Organizations, people and memberships from nothing: the whole road. */
export const everything = (people: number): Wave[] => [
  { entity: 'organization', count: organizationsOf(people), version: 0 },
  { entity: 'person', count: people, version: 0 },
  { entity: 'membership', count: people, version: 0 },
]

/** The webhook of the `n`th record of a wave. */
export const eventOf = (wave: Wave, n: number): object => {
  const kind = wave.version === 0 ? 'created' : 'updated'
  if (wave.entity === 'organization') return organizationEvent(kind, organization(n, wave))
  return wave.entity === 'person' ? userEvent(kind, user(n, wave)) : membershipEvent(kind, membership(n, wave))
}

let deliveries = 0

/** Puts the webhooks of a wave into the inbox, as if they had been received. */
export const storeWave = async (db: Database, wave: Wave): Promise<void> => {
  for (let n = 0; n < wave.count; n += 500) {
    const hints = Array.from({ length: Math.min(500, wave.count - n) }, (_, i) => {
      const event = eventOf(wave, n + i) as { type: string }
      return {
        deliveryId: `msg_${process.pid}_${++deliveries}`,
        type: event.type,
        body: Buffer.from(JSON.stringify(event)),
      }
    })
    await storeHints(db.query, hints, Date.now())
  }
}

/** Reads everything in the inbox into the mirror: what is left is a backlog of dirty links. */
export const readInbox = async (db: Database): Promise<void> => {
  while ((await readHints(db, 1_000, Date.now)).length > 0);
}
