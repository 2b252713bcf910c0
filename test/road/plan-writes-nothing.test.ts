import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished, test } from 'vitest'
import { type Exchange, exchangeChannel } from '../../src/emulators/clerk/observe.ts'
import { askRun, runEntities } from '../../src/sync/mirror/runs.ts'
import { populate, startBetween, startSides } from '../../src/sync/runs/runs.test-support.ts'
import { userEvent } from '../support/clerk-events.ts'

/** What Clerk was asked for from now on, by method. */
const watchClerk = (): (() => string[]) => {
  const seen: string[] = []
  const listen = (message: unknown): void => {
    const { method, path } = message as Exchange
    seen.push(`${method} ${path}`)
  }
  subscribe(exchangeChannel.name, listen)
  onTestFinished(() => {
    unsubscribe(exchangeChannel.name, listen)
  })
  return () => seen
}

test('a plan writes to neither side, however much is dirty, asked for or begun, and leaves all of it to whoever may write', async () => {
  const sides = await startSides()
  const { people, organizations } = populate(sides, 2, 8)
  const writing = await startBetween(sides)
  await writing.run('backfill')
  await writing.engine.stop()
  // Live changes on both sides, an Account that asks for an organization, a backfill that was begun, a person from before.
  const [contact] = writing.records('Contact')
  sides.org.person.edit('Contact', String(contact?.['Id']), { LastName: 'By hand', Clerk_User_Id__c: null })
  sides.org.person.create('Account', { Name: 'Asks', Provision_Clerk_Org__c: true })
  sides.later(60_000)
  await sides.tell('PATCH', `/users/${people[1]}`, { first_name: 'Renamed' })
  await sides.tell('DELETE', `/users/${people[2]}`)
  await sides.tell('DELETE', `/organizations/${organizations[1]}`)
  const { query } = writing.db
  const backfill = await askRun(query, 'backfill', { entities: runEntities }, sides.clock.now())
  for (let n = 0; n < 5; n++)
    await writing.deliver(userEvent('created', { id: `user_dirty${n}`, email: `d${n}@example.com` }))
  await query('update clerkforce.dirty set due_at = 0')

  const planning = await startBetween(sides, { observeOnly: true }, writing.db)
  const before = { org: sides.org.state(), clerk: sides.clerk.state() }
  const calls = sides.org.stats().records
  const askedOfClerk = watchClerk()
  const planned = await planning.run('plan')
  expect(planned.state).toBe('done')
  expect(planned.result.planned?.kinds.length).toBeGreaterThan(1)
  expect(askedOfClerk().length).toBeGreaterThan(3)
  expect(askedOfClerk().filter((one) => !one.startsWith('GET '))).toEqual([])
  expect(sides.org.stats().records).toEqual(calls)
  expect(sides.org.state()).toEqual(before.org)
  expect(sides.clerk.state()).toEqual(before.clerk)
  // Nothing live was taken from the others, and the backfill is still to be done by one who writes.
  expect((await planning.engine.counts()).dirty).toBeGreaterThanOrEqual(5)
  const [left] = await query<{ state: string }>('select state from clerkforce.run where id = $1', [backfill.id])
  expect(left?.state).toBe('scanning')
})
