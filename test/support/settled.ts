/**
 * When is nothing left to do? When no webhook and no change event is undelivered, nothing that was taken in waits, and while that was found
 * out nothing new came. What waits for a parked parent, or for a person, is not waited for.
 */
import type { Database } from '../../src/db/database.ts'
import type { RunningClerkEmulator } from '../../src/emulators/clerk/index.ts'
import type { RunningSalesforceEmulator } from '../../src/emulators/salesforce/index.ts'
import type { Engine } from '../../src/sync/engine.ts'

type Sides = {
  clerk: RunningClerkEmulator
  org: RunningSalesforceEmulator
  db: Database
  engine: Engine
  /** Moves time on, where it can be: what waits for later need not be waited for. */
  jump?: ((ms: number) => void) | undefined
}

const channel = 'Clerk_Sync__chn'
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const lastEvent = (org: RunningSalesforceEmulator) => org.events.list().findLast(({ on }) => on.includes(channel))

/**
 * Whether the stream is open, nothing that it missed is left to be asked for, and the last event of the channel was taken in: they come in
 * order. A stream that was reset begins below what we had reached.
 */
const eventsTaken = async ({ org, db }: Sides): Promise<boolean> => {
  const last = lastEvent(org)
  const [row] = await db.query<{ caught: boolean; taken: boolean | null }>(
    `select not exists (select 1 from clerkforce.cursor where name like 'catch-up/%' and reached is not null) as caught,
       (select c.replay_id >= decode($1, 'hex') and exists (select 1 from clerkforce.hint where delivery_id like $2 || '%')
        from clerkforce.cursor c where name = 'salesforce') as taken`,
    [last?.replayId ?? '', last?.id ?? ''],
  )
  return org.events.streams() > 0 && row?.caught === true && (last === undefined || row.taken === true)
}

/** Whether all that Salesforce tells was taken in. */
const heard = async (sides: Sides): Promise<boolean> => {
  const { by } = sides.engine.health().following
  return by === 'stream' ? eventsTaken(sides) : by === 'poll' || by === 'off'
}

/** A poll that began after now has ended. */
const polled = async ({ engine, jump }: Sides, end: number): Promise<void> => {
  for (let polls = 0; polls < 2; polls++) {
    const before = engine.health().following.heardAt
    while (engine.health().following.heardAt === before && Date.now() < end) {
      jump?.(500)
      await pause(10)
    }
  }
}

const nothingWaits = async ({ engine }: Sides): Promise<boolean> => {
  const { hints, gaps, stale, dirty, waiting, granting } = await engine.counts()
  return hints + gaps + stale + dirty - waiting + granting === 0
}

/** What is left to do, for whoever has to find out why. */
const left = async ({ db, engine }: Sides): Promise<string> => {
  const { following, ...health } = engine.health()
  const dirty = await db.query(
    `select l.entity, l.clerk_id, l.salesforce_id, l.parked_code, d.* from clerkforce.dirty d join clerkforce.link l on l.id = d.link_id limit 20`,
  )
  const stale = await db.query('select * from clerkforce.stale limit 20')
  return JSON.stringify({ ...(await engine.counts()), ...following, ...health, checked: undefined, dirty, stale })
}

/** Resolves when all is quiet. @throws Error after `ms`, with what is left */
export const settle = async (sides: Sides, ms = 8_000): Promise<void> => {
  const { clerk, org, engine } = sides
  const end = Date.now() + ms
  const follows = () => engine.health().following.by
  for (;;) {
    const tip = lastEvent(org)?.replayId
    await clerk.webhooks.idle()
    if (follows() === 'poll') await polled(sides, end)
    const quiet = async (): Promise<boolean> => (await heard(sides)) && (await nothingWaits(sides))
    if (await quiet()) {
      // What came of our own writes meanwhile: a webhook, or the news that a stream has ended.
      await pause(15)
      await clerk.webhooks.idle()
      if (lastEvent(org)?.replayId === tip && (await quiet())) return
    }
    if (Date.now() > end) throw new Error(`not quiet after ${ms} ms: ${await left(sides)}`)
    sides.jump?.(100)
    await pause(5)
  }
}
