import type { ClerkClient } from '../../clerk/client.ts'
import { noteDrift, type Orphan, parkOrphaned, readOrphans } from '../mirror/drift.ts'
import type { Run, RunEntity } from '../mirror/runs.ts'
import { keyOf, objectOf } from '../plan/mapping.ts'
import { patiently } from './patience.ts'
import type { RunTools } from './runs.ts'

const atOnce = 100

/** Which of these Clerk does know: made since its list was read. */
const known = async (
  tools: RunTools,
  clerk: ClerkClient,
  entity: RunEntity,
  keys: readonly string[],
): Promise<Set<string>> => {
  const ask = <T>(send: () => Promise<T>): Promise<T> => patiently(tools, 'clerk', send)
  const found: string[] = []
  if (entity === 'person') {
    const users = keys.filter((key) => /^user_\w+$/.test(key))
    found.push(...(await ask(() => clerk.getUsers(users))).map(({ id }) => id))
  }
  if (entity === 'organization')
    for (const key of keys.filter((one) => /^org_\w+$/.test(one)))
      if (await ask(() => clerk.getOrganization(key))) found.push(key)
  return new Set(found)
}

const reasonFor = (entity: RunEntity, { id, key }: Orphan): string =>
  `the ${objectOf[entity]} ${id} carries a Clerk id that Clerk does not know (${key}): it may be of another Clerk instance. Clear ${keyOf[entity]} on it, or leave it as it is`

/** Names records that carry a Clerk id which Clerk does not know, and sets them aside: nothing is written to them. */
export const parkOrphans = async (tools: RunTools, clerk: ClerkClient, run: Run, entity: RunEntity): Promise<void> => {
  const { db, clock, signal } = tools
  for (let after = ''; ; ) {
    signal.throwIfAborted()
    const page = await readOrphans(db.query, { runId: run.id, entity, after, limit: atOnce })
    if (page.length === 0) return
    after = page.at(-1)?.id ?? after
    const keys = await known(
      tools,
      clerk,
      entity,
      page.map(({ key }) => key),
    )
    const orphans = page.filter(({ key }) => !keys.has(key)).map((one) => ({ ...one, reason: reasonFor(entity, one) }))
    await db.transaction(async (query) => {
      await parkOrphaned(query, run.id, entity, orphans, clock.now())
      const drift = orphans.map(
        ({ id, key }) =>
          ({ class: 'orphan', entity, clerkId: key, salesforceId: id, detail: 'Clerk does not know the id' }) as const,
      )
      await noteDrift(query, run.id, drift)
    })
  }
}
