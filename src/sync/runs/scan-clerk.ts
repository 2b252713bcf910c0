import type { ClerkClient } from '../../clerk/client.ts'
import { positionAfter, type ScanPosition } from '../../clerk/scans/seen.ts'
import type { Observation } from '../../model/model.ts'
import { type Tier, tiers } from '../mirror/dirty.ts'
import { observeMembership, observeOrganization, observeUser } from '../mirror/from-clerk.ts'
import { observeClerk, withoutKnown } from '../mirror/observe.ts'
import { moveRun, type Run, type RunEntity, type RunKind, scanName, tierOf } from '../mirror/runs.ts'
import { noteSighted } from '../mirror/sighted.ts'
import { patiently } from './patience.ts'
import type { RunTools } from './runs.ts'

type Page = { records: readonly { id: string; created_at: number }[]; observations: readonly Observation[] }

const pages: Readonly<
  Record<RunEntity, (clerk: ClerkClient, options: Parameters<ClerkClient['scanUsers']>[0]) => AsyncIterable<Page>>
> = {
  organization: async function* (clerk, options) {
    for await (const records of clerk.scanOrganizations(options))
      yield { records, observations: records.map((one) => observeOrganization(one)) }
  },
  person: async function* (clerk, options) {
    for await (const records of clerk.scanUsers(options))
      yield { records, observations: records.map((one) => observeUser(one)) }
  },
  membership: async function* (clerk, options) {
    for await (const records of clerk.scanMemberships(options))
      yield { records, observations: records.flatMap((one) => observeMembership(one)) }
  },
}

/** What an apply finds beside its plan is not to be written. */
const scanTierOf = (kind: RunKind): Tier => (kind === 'apply' ? tiers.planned : tierOf[kind])

const isPosition = (value: unknown): value is ScanPosition =>
  typeof value === 'object' && value !== null && 'atNewest' in value && 'newest' in value && 'count' in value

/** Clerk tells of people beside their memberships: only where one of the two is not scanned, each person has to be asked about. */
const asksEach = ({ options: { entities } }: Run): boolean =>
  !(entities.includes('person') && entities.includes('membership'))

/** Asks for the next page while one is stored. */
async function* oneAhead<T>(pages: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = pages[Symbol.asyncIterator]()
  try {
    for (let next = iterator.next(); ; ) {
      const page = await next
      if (page.done) return
      next = iterator.next()
      // Told when its turn comes, or not at all.
      next.catch(() => undefined)
      yield page.value
    }
  } finally {
    await iterator.return?.()
  }
}

/**
 * Scans one entity of Clerk, page by page into the mirror, from where the run stood; each page and the new position in one transaction.
 * @throws ClerkError when Clerk cannot be asked for long, or the scan cannot be complete; RunLostError
 */
export const scanClerk = async (tools: RunTools, clerk: ClerkClient, run: Run, entity: RunEntity): Promise<void> => {
  const { db, clock, name, signal } = tools
  const scan = scanName('clerk', entity)
  const before = run.progress[scan]
  if (before?.done) return
  let position = isPosition(before?.position) ? before.position : undefined
  const counted = entity === 'person' ? await patiently(tools, 'clerk', clerk.countUsers) : undefined
  const progress = (done: boolean) => ({
    read: position?.count ?? 0,
    ...(counted === undefined ? {} : { counted }),
    ...(done ? { done } : { position }),
  })
  await moveRun(db.query, run, name, scan, progress(false))
  const through = <T>(send: () => Promise<T>): Promise<T> => patiently(tools, 'clerk', send)
  const observing = { tier: scanTierOf(run.kind), gaps: asksEach(run) }
  const listed = pages[entity](clerk, { through, from: position, limit: tools.sizes.clerkPage })
  for await (const { records, observations } of oneAhead(listed)) {
    signal.throwIfAborted()
    const next = positionAfter(position, records)
    await db.transaction(async (query) => {
      await observeClerk(query, await withoutKnown(query, observations, entity), clock.now(), observing)
      if (run.kind === 'reconcile' || run.kind === 'apply')
        await noteSighted(
          query,
          run.id,
          'clerk',
          entity,
          records.map(({ id }) => ({ id, key: null })),
        )
      position = next
      await moveRun(query, run, name, scan, progress(false))
    })
    tools.moved()
  }
  await moveRun(db.query, run, name, scan, progress(true))
}
