import { expect, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { salesforceClientOf, startOrg } from '../../../test/support/road.ts'
import { compileRules } from '../plan/mapping.ts'
import { askCatchUp, catchUp, findAsking, findChanged, type Seen } from './catch-up.ts'

const begin = async () => {
  const db = await freshDatabase('postgres')
  const org = await startOrg()
  const api = salesforceClientOf(org)
  const noted = async (): Promise<number> => {
    const [row] = await db.query<{ count: number }>('select count(*) as count from clerkforce.stale')
    return row?.count ?? 0
  }
  return { db, org, api, noted }
}

test('of more records than a page holds that were saved at one time, none is lost and none is asked for twice', async () => {
  const { db, org, api, noted } = await begin()
  const count = 4_001
  org.seed({ Contact: Array.from({ length: count }, (_, n) => ({ LastName: `Same ${n}` })) })
  const now = (): number => Date.now() + 60_000
  const seen: Seen = new Map()
  const since = new Map([['person' as const, now() - 120_000]])
  expect(await findChanged({ db, api, now }, since, seen)).toMatchObject({ found: count })
  expect(await noted()).toBe(count)
  expect(await findChanged({ db, api, now }, since, seen)).toMatchObject({ found: 0 })
  await api.close(0)
})

test('a record that changes again within the second of the poll is found again', async () => {
  const { db, org, api } = await begin()
  const id = org.person.create('Contact', { LastName: 'Fast' })
  const seen: Seen = new Map()
  const since = new Map([['person' as const, Date.now()]])
  const options = { db, api, now: Date.now }
  expect(await findChanged(options, since, seen)).toMatchObject({ found: 1 })
  org.person.edit('Contact', id, { LastName: 'Faster' })
  expect(await findChanged(options, since, seen)).toMatchObject({ found: 1 })
  await api.close(0)
})

test('what is asked for again while it is being asked for is not taken for done', async () => {
  const { db, api } = await begin()
  await askCatchUp(db.query, 'person', 1_000_000_000_000)
  const meanwhile = {
    ...api,
    query: async (...asked: Parameters<typeof api.query>) => {
      const answer = await api.query(...asked)
      await askCatchUp(db.query, 'person', 1_000_000_000_000)
      return answer
    },
  }
  const left = () => db.query("select 1 from clerkforce.cursor where name = 'catch-up/person'")
  await catchUp({ db, api: meanwhile, now: Date.now }, ['person'])
  expect(await left()).toHaveLength(1)
  await catchUp({ db, api, now: Date.now }, ['person'])
  expect(await left()).toHaveLength(0)
  await api.close(0)
})

test('of more Contacts that ask for an invitation than a page holds, none waits for others to accept theirs', async () => {
  const { db, org, api, noted } = await begin()
  const count = 4_001
  org.seed({ Contact: Array.from({ length: count }, (_, n) => ({ LastName: `Asks ${n}`, Invite_To_Clerk__c: true })) })
  expect(await findAsking({ db, api, now: Date.now }, compileRules())).toBe(count)
  expect(await noted()).toBe(count)
  await api.close(0)
})
