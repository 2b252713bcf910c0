import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BothSides, startBothSides } from '../support/both-sides.ts'
import { checkPlay, play, rivalConfig, rivalFields, rivalSteps } from '../support/rivals.ts'
import { runs } from '../support/runs.ts'

/** Everything that was written to either side, with or without success. */
const writes = async ({ db }: BothSides): Promise<number> => {
  const [row] = await db.query<{ count: number }>('select count(*) as count from clerkforce.change')
  return row?.count ?? 0
}

test('both sides act at once, and whatever goes wrong between them, they end in agreement by the rules', async () => {
  const sides = await startBothSides({ config: rivalConfig, customFields: rivalFields })
  let run = 0
  const property = fc.asyncProperty(rivalSteps, async (steps) => {
    const world = await play(sides, steps, ++run)
    await checkPlay(sides, world)
  })
  await fc.assert(property, {
    numRuns: runs(3),
    seed: Number(process.env['SEED'] ?? 7),
    endOnFailure: process.env['SHRINK'] === undefined,
  })
  // After agreement nobody is written to, however long one waits; and there was something to agree on.
  const before = await writes(sides)
  expect(before).toBeGreaterThan(20)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await sides.settled()
  expect(await writes(sides)).toBe(before)
}, 600_000)
