import type { ClerkClient } from '../../clerk/client.ts'
import type { Observation } from '../../model/model.ts'
import { tiers } from '../mirror/dirty.ts'
import { noteDrift } from '../mirror/drift.ts'
import { observeClerk } from '../mirror/observe.ts'
import type { Run, RunEntity, RunResult } from '../mirror/runs.ts'
import { countVanished, readVanished, type Vanished } from '../mirror/sighted.ts'
import { patiently } from './patience.ts'
import type { RunTools } from './runs.ts'

/** How many records of Clerk may turn out to be gone before a person is asked. */
export type DeletionLimits = {
  /** Of those of one entity, 0 to 1. */
  share: number
  number: number
}

/** Parents first: a membership goes with its user or its organization, and is not counted again. */
const entities: readonly RunEntity[] = ['person', 'organization', 'membership']
const atOnce = 100

/**
 * Both limits hold, the share rounded up. The larger of the two would let a key of another instance, which shows none of the fifty users of a
 * small one, end them all; and a tombstone is final.
 */
export const allowedOf = (known: number, { share, number }: DeletionLimits): number =>
  known <= 1 ? 0 : Math.min(number, Math.ceil(known * share))

type Deletions = NonNullable<RunResult['deletions']>

/** What a complete scan has not shown, by entity; and whether that is more than may be without a person's word. */
export const weighDeletions = async (
  { db }: RunTools,
  run: Run,
  limits: DeletionLimits,
): Promise<{ deletions: Deletions; tooMany: boolean }> => {
  const deletions: Record<string, Deletions[string]> = {}
  for (const entity of entities) {
    const { known, gone } = await countVanished(db.query, run.id, entity, run.startedAt ?? run.askedAt)
    if (gone > 0) deletions[entity] = { known, gone, allowed: allowedOf(known, limits) }
  }
  const all = Object.values(deletions)
  const total = all.reduce((sum, { gone }) => sum + gone, 0)
  const tooMany = all.some(({ gone, allowed }) => gone > allowed) && total > (run.options.acceptDeletions ?? 0)
  return { deletions, tooMany }
}

/** Which of these Clerk itself says are not there. A tombstone is final: that a list has not shown a record is not enough for one. */
const confirm = async (
  tools: RunTools,
  clerk: ClerkClient,
  entity: RunEntity,
  vanished: readonly Vanished[],
): Promise<Vanished[]> => {
  const ask = <T>(send: () => Promise<T>): Promise<T> => patiently(tools, 'clerk', send)
  if (entity === 'person') {
    const there = await ask(() => clerk.getUsers(vanished.map(({ id }) => id)))
    const ids = new Set(there.map(({ id }) => id))
    return vanished.filter(({ id }) => !ids.has(id))
  }
  const gone: Vanished[] = []
  for (const one of vanished) {
    const there =
      entity === 'organization'
        ? (await ask(() => clerk.getOrganization(one.id))) !== undefined
        : ((await ask(() => clerk.listUserMemberships(one.personId ?? ''))) ?? []).some(({ id }) => id === one.id)
    if (!there) gone.push(one)
  }
  return gone
}

const tombstone =
  (entity: RunEntity, at: number) =>
  ({ id, personId, organizationId }: Vanished): Observation => ({
    side: 'clerk',
    entity,
    id,
    body: {},
    version: 0,
    seen: 0,
    deletedAt: at,
    ...(personId === null ? {} : { personId }),
    ...(organizationId === null ? {} : { organizationId }),
  })

/** Remembers as deleted what Clerk no longer has, as its events would have had it. */
export const observeDeletions = async (tools: RunTools, clerk: ClerkClient, run: Run): Promise<void> => {
  const { db, clock, signal } = tools
  const began = run.startedAt ?? run.askedAt
  for (const entity of entities)
    for (let after = ''; ; ) {
      signal.throwIfAborted()
      const vanished = await readVanished(db.query, { runId: run.id, entity, began, after, limit: atOnce })
      if (vanished.length === 0) break
      const gone = await confirm(tools, clerk, entity, vanished)
      const now = clock.now()
      await db.transaction(async (query) => {
        await observeClerk(query, gone.map(tombstone(entity, now)), now, { tier: tiers.reconcile })
        const drift = gone.map(
          ({ id, salesforceId }) =>
            ({ class: 'stale', entity, clerkId: id, salesforceId, detail: 'deleted in Clerk' }) as const,
        )
        await noteDrift(query, run.id, drift)
      })
      after = vanished.at(-1)?.id ?? after
    }
}
