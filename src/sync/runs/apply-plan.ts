/** The run of `apply`: Clerk is read again, so that who has changed since the plan is known; then the engine is told of what is in the plan. */
import { lookAgain, tiers } from '../mirror/dirty.ts'
import { leaveUnseen, readExpected } from '../mirror/expected.ts'
import { beginWork, countLeft, type Run } from '../mirror/runs.ts'
import type { RunTools } from './runs.ts'

const linksAtOnce = 1_000

/** Marks what is in the plan, once Clerk has been scanned. Each link is looked at in Salesforce before it is written. */
export const markPlanned = async (tools: RunTools, run: Run): Promise<void> => {
  const { db, clock, signal } = tools
  await leaveUnseen(db.query, run.id)
  for (let after = 0; ; ) {
    signal.throwIfAborted()
    const ids = await readExpected(db.query, run.id, after, linksAtOnce)
    if (ids.length === 0) break
    await db.transaction((query) => lookAgain(query, ids, clock.now(), { tier: tiers.backfill }))
    after = ids.at(-1) ?? after
  }
  await beginWork(db.query, run.id, { marked: await countLeft(db.query, 'apply') }, clock.now())
}
