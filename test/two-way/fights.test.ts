import { expect, test } from 'vitest'
import { listParked, retryParked } from '../../src/sync/mirror/counts.ts'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import type { Rule } from '../../src/sync/plan/merge.ts'
import { fastClock } from '../support/road.ts'
import { startTwoSides, type TwoSides, until } from '../support/two-sides.ts'

type Line = { side: string; kind: string; result: string; fields: Record<string, unknown>; detail: string | null }

const journalOf = ({ db }: TwoSides): Promise<Line[]> =>
  db.query<Line>('select side, kind, result, fields, detail from clerkforce.change order by id')

/** Writes of a value to a place, as the journal has them. */
const writesOf = async (sides: TwoSides, place: string): Promise<Line[]> =>
  (await journalOf(sides)).filter(
    ({ kind, result, fields }) => kind === 'update' && result === 'done' && place in fields,
  )

const lowerCase = ({ Name }: Readonly<Record<string, unknown>>) =>
  typeof Name === 'string' ? { Name: Name.toLowerCase() } : undefined

/** A flow that puts the names of Accounts into small letters soon after every save. */
const smallLetters = { object: 'Account', name: 'Small letters', async: lowerCase }

const found = async (sides: TwoSides): Promise<{ organization: string; account: string }> => {
  const organization = String((await sides.callClerk('POST', '/organizations', { name: 'acme' }))['id'])
  await sides.settled()
  const account = sides.org.state()['Account']?.find((one) => one['Clerk_Org_Id__c'] === organization)
  return { organization, account: String(account?.['Id']) }
}

const parkedAsFight = async ({ db }: TwoSides): Promise<boolean> =>
  (await listParked(db.query, 10)).some(({ code }) => code === 'FIGHT')

const nameBy = (rule: Rule): MappingConfig => ({
  organization: {
    fields: {
      Name: { from: 'name', rule },
      Tier__c: { from: 'public_metadata.tier', rule: 'salesforce' },
    },
  },
  fights: { reversals: 3 },
})

test('a field that a flow in Salesforce turns back each time is parked, told with the history, and never loops', async () => {
  const sides = await startTwoSides({ config: nameBy('clerk'), salesforce: { automations: [smallLetters] } })
  const { organization, account } = await found(sides)
  await sides.callClerk('PATCH', `/organizations/${organization}`, { name: 'Acme' })
  await until(() => parkedAsFight(sides))
  await sides.settled()
  expect(await writesOf(sides, 'Name')).toHaveLength(3)
  const [parked] = await listParked(sides.db.query, 10)
  expect(parked?.reason).toMatch(
    /^something in Salesforce keeps changing Account\.Name back: 3 times since 20\d\d-.*Z clerkforce wrote "Acme" and found "acme"\./,
  )
  const line = (await journalOf(sides)).at(-1)
  expect(line).toMatchObject({ result: 'FIGHT', fields: { Name: { before: 'acme', after: 'Acme' } } })
  expect(line?.detail?.split('\n')).toHaveLength(3)
  expect(line?.detail).toMatch(/Salesforce Name: "acme" -> "Acme"$/)

  // What else changes in the record waits with it, and is no reason to begin again.
  await sides.callSalesforce('PATCH', `/sobjects/Account/${account}`, { Tier__c: 'A' })
  await sides.settled()
  expect(await parkedAsFight(sides)).toBe(true)
  expect(await writesOf(sides, 'Name')).toHaveLength(3)
  expect(await writesOf(sides, 'public_metadata.tier')).toHaveLength(0)
  expect((await journalOf(sides)).filter(({ result }) => result === 'FIGHT')).toHaveLength(1)
})

test('a write that a flow undoes in its own transaction, so that no event tells of it, is noticed all the same', async () => {
  const inside = { object: 'Account', name: 'Small letters', before: lowerCase }
  const config = { ...nameBy('clerk'), fights: { reversals: 2 } }
  const sides = await startTwoSides({ config, clock: fastClock(10), salesforce: { automations: [inside] } })
  const { organization } = await found(sides)
  await sides.callClerk('PATCH', `/organizations/${organization}`, { name: 'Acme' })
  await until(() => parkedAsFight(sides))
  expect(await writesOf(sides, 'Name')).toHaveLength(2)
})

test('after a retry it is tried again; with the automation gone, all that waited goes out', async () => {
  const sides = await startTwoSides({ config: nameBy('clerk'), salesforce: { automations: [smallLetters] } })
  const { organization, account } = await found(sides)
  await sides.callClerk('PATCH', `/organizations/${organization}`, { name: 'Acme' })
  await until(() => parkedAsFight(sides))
  await sides.callSalesforce('PATCH', `/sobjects/Account/${account}`, { Tier__c: 'A' })
  await sides.settled()

  await sides.db.transaction((query) => retryParked(query, 'all', Date.now()))
  sides.clerkforce.engine.wake()
  await until(async () => (await writesOf(sides, 'Name')).length === 6 && (await parkedAsFight(sides)))
  await sides.settled()
  expect(await writesOf(sides, 'Name')).toHaveLength(6)

  sides.org.setRules({ automations: [] })
  await sides.db.transaction((query) => retryParked(query, 'all', Date.now()))
  sides.clerkforce.engine.wake()
  await until(async () => (await listParked(sides.db.query, 10)).length === 0)
  await sides.settled()
  expect(sides.record('Account', account)).toMatchObject({ Name: 'Acme', Tier__c: 'A' })
  const { public_metadata } = await sides.callClerk('GET', `/organizations/${organization}`)
  expect(public_metadata).toEqual({ tier: 'A' })
})

test('a field that goes to and fro between two programs, one on each side, is parked', async () => {
  const sides = await startTwoSides({ config: nameBy('newest'), salesforce: { automations: [smallLetters] } })
  const { organization } = await found(sides)
  const stop = changeBackInClerk(sides, organization, async (record) => {
    if (record['name'] !== 'Acme') await sides.callClerk('PATCH', `/organizations/${organization}`, { name: 'Acme' })
  })
  await until(() => parkedAsFight(sides))
  await stop()
  await sides.settled()
  const [parked] = await listParked(sides.db.query, 10)
  expect(parked?.reason).toMatch(/keeps changing (name|Account\.Name) back: 3 times since/)
  const line = (await journalOf(sides)).findLast(({ result }) => result === 'FIGHT')
  expect(line?.detail).toMatch(/Salesforce Name: "acme" -> "Acme"/)
  expect(line?.detail).toMatch(/Clerk name: "Acme" -> "acme"/)
  expect((await writesOf(sides, 'Name')).length).toBeLessThanOrEqual(4)
  expect((await writesOf(sides, 'name')).length).toBeLessThanOrEqual(4)
})

test('metadata that a program in Clerk turns back against its owner in Salesforce is parked', async () => {
  const sides = await startTwoSides({ config: nameBy('clerk') })
  const { organization, account } = await found(sides)
  await sides.callSalesforce('PATCH', `/sobjects/Account/${account}`, { Tier__c: 'A' })
  await sides.settled()
  const stop = changeBackInClerk(sides, organization, async (record) => {
    if (JSON.stringify(record['public_metadata']) !== '{"tier":"gratis"}')
      await sides.callClerk('PATCH', `/organizations/${organization}/metadata`, { public_metadata: { tier: 'gratis' } })
  })
  await until(() => parkedAsFight(sides))
  await stop()
  await sides.settled()
  expect(await writesOf(sides, 'public_metadata.tier')).toHaveLength(3)
  const [parked] = await listParked(sides.db.query, 10)
  expect(parked?.reason).toMatch(
    /something in Clerk keeps changing public_metadata\.tier back: 3 times .* wrote "A" and found "gratis"/,
  )
})

test('a value that is switched to and fro on one side alone is no fight', async () => {
  const sides = await startTwoSides({ config: nameBy('clerk') })
  const { organization, account } = await found(sides)
  for (const name of ['A', 'B', 'A', 'B', 'A', 'B', 'A', 'B', 'A', 'B']) {
    await sides.callClerk('PATCH', `/organizations/${organization}`, { name })
    await until(() => sides.record('Account', account)['Name'] === name)
  }
  await sides.settled()
  expect(await listParked(sides.db.query, 10)).toEqual([])
})

/** A program of the customer's that looks at a record again and again; the returned function ends it. */
const changeBackInClerk = (
  { callClerk }: TwoSides,
  organization: string,
  look: (record: Record<string, unknown>) => Promise<void>,
): (() => Promise<void>) => {
  let on = true
  const running = (async () => {
    while (on) {
      await look(await callClerk('GET', `/organizations/${organization}`))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  return async () => {
    on = false
    await running
  }
}
