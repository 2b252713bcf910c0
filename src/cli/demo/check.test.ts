import { expect, onTestFinished, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { createClerkApi } from './clerk-api.ts'
import type { Difference } from './compare.ts'
import { compareSides } from './compare-sides.ts'
import { play } from './play.ts'
import { askClerkforce, leftIn, settle } from './play-story.ts'
import type { History } from './playing.ts'
import type { Step } from './steps.ts'
import { clerkTamperings, type Ids, type Said, tamperings } from './tamperings.test-support.ts'
import { startWorld, type World } from './world.ts'

const steps: Step[] = [
  { do: 'sign-up', who: 'Grace' },
  { do: 'found', who: 'Grace', company: 'larkspur' },
  { do: 'sign-up', who: 'Leila' },
  { do: 'join', who: 'Leila', company: 'larkspur', role: 'member' },
  { do: 'sign-up', who: 'Rohan' },
  { do: 'join', who: 'Rohan', company: 'larkspur', role: 'member' },
  { do: 'delete', who: 'Rohan' },
  { do: 'sign-up', who: 'Odile' },
  { do: 'enter-account', company: 'ferncastle' },
  { do: 'enter-contact', who: 'Ingrid', company: 'ferncastle', job: 'Head of Operations' },
  { do: 'ask-organization', company: 'ferncastle' },
  { do: 'ask-invitation', who: 'Ingrid' },
  { do: 'accept', who: 'Ingrid' },
  { do: 'sell', company: 'larkspur', plan: 'Enterprise' },
]

const playOn = (world: World, played: readonly Step[], patienceMs?: number): Promise<History> =>
  play({
    acts: [{ title: 'all of it', everyMs: 0, steps: played }],
    stage: {
      clerk: createClerkApi(world.clerk),
      salesforce: world.salesforce,
      openOrganization: () => Promise.reject(new Error('not in this story')),
      left: () => leftIn(world),
      startOutage: world.startOutage,
      seed: world.clerk.seed,
      ask: askClerkforce(world),
      sleep: (ms) => world.clock.sleep(ms),
    },
    clock: world.clock,
    signal: new AbortController().signal,
    told: {
      act: () => undefined,
      step: () => undefined,
      outcome: () => undefined,
      note: () => undefined,
      done: () => undefined,
    },
    salesforceAnswers: () => Promise.resolve(),
    ...(patienceMs !== undefined && { patienceMs }),
  })

/** A world in which a short story has come to its end, both sides agree, and clerkforce no longer looks. */
const settledWorld = async () => {
  const ports = { clerkforce: 0, clerk: 0, salesforce: 0 }
  const world = await startWorld({ ports, seed: 1, told: () => undefined, db: await freshDatabase('postgres') })
  onTestFinished(world.close)
  // What is told is told at once: this is about its end.
  world.salesforce.settings.latencyMs = 0
  world.clerk.webhooks.setDisorder({ twice: 0, delayed: 0, maxDelayMs: 0, shuffled: 0 })
  const history = await playOn(world, steps)
  expect(await settle(world, new AbortController().signal)).toBe(true)
  await world.clerkforce.engine.stop()
  return { world, history }
}

const differencesOf = async (world: World, history: History): Promise<Difference[]> => {
  const { salesforce, clerk, parked, missed } = await compareSides(world, history)
  expect({ parked, missed }).toEqual({ parked: [], missed: [] })
  return [...salesforce.differences, ...clerk.differences]
}

const like = (said: readonly Said[]) =>
  said.map((one) => ({ ...one, record: expect.any(String), found: expect.stringContaining(one.found) }))

test('whatever is changed on either side behind its back, the check reports exactly that', async () => {
  const { world, history } = await settledWorld()
  const { salesforce, clerk } = world
  const id: Ids = (object, name) => {
    const state = salesforce.state()
    const named = [...(state['Contact'] ?? []), ...(state['Account'] ?? [])].find(
      (record) => record['LastName'] === name || record['Name'] === name,
    )
    const found =
      object === 'AccountContactRelation' ? state[object]?.find((one) => one['ContactId'] === named?.['Id']) : named
    return String(found?.['Id'])
  }
  expect(await differencesOf(world, history)).toEqual([])
  for (const { what, tamper, difference, inClerk } of tamperings) {
    const undo = tamper(salesforce.person, id)
    expect(await differencesOf(world, history), what).toEqual(like([difference, ...(inClerk ? [inClerk] : [])]))
    undo()
  }
  expect(await differencesOf(world, history), 'all of it undone').toEqual([])

  const api = createClerkApi(clerk)
  const before = clerk.snapshot()
  const clerkId = (name: string): string => {
    const { users, organizations } = clerk.state()
    const found = [...users, ...organizations].find(
      (one) =>
        one['name'] === name || one['first_name'] === name || JSON.stringify(one['email_addresses'])?.includes(name),
    )
    return String(found?.['id'])
  }
  for (const { what, tamper, differences } of clerkTamperings) {
    await tamper(api, clerkId)
    expect(await differencesOf(world, history), what).toEqual(like(differences))
    clerk.restore(before)
  }
  expect(await differencesOf(world, history), 'all of it undone').toEqual([])

  const rest: Step[] = [
    { do: 'enter-account', company: 'ferncastle' },
    { do: 'ask-organization', company: 'ferncastle' },
    { do: 'sign-up', who: 'Petra' },
  ]
  const broken = await playOn(world, rest, 50)
  expect(broken.missed, 'what does not come about is missed').toHaveLength(1)
  expect(broken.people.size, 'and ends the story').toBe(0)
})
