import { afterAll, expect, test } from 'vitest'
import { listParked } from '../../src/sync/mirror/counts.ts'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import type { Rule } from '../../src/sync/plan/merge.ts'
import { startBothSides } from '../support/both-sides.ts'
import { until } from '../support/two-sides.ts'

const rules: readonly Rule[] = ['clerk', 'salesforce', 'newest', 'fill-blank', 'park']
const fieldOf = (rule: Rule): string => `${rule.replace('-', '_')}__c`
const places = Object.fromEntries(
  rules.map((rule) => [fieldOf(rule), { from: `public_metadata.${rule}`, rule }] as const),
)
const config: MappingConfig = {
  organization: { fields: { Name: { from: 'name', rule: 'newest' }, ...places } },
  person: { fields: { FirstName: { from: 'first_name', rule: 'salesforce' } } },
}
const customFields = rules.map(
  (rule) => ({ object: 'Account', name: fieldOf(rule), type: 'string', length: 80 }) as const,
)

const sides = await startBothSides({ config, customFields, ended: afterAll })

type Pair = { organization: string; account: string }

/** An organization and its Account that agree on a value. */
const agreed = async (rule: Rule): Promise<Pair> => {
  const { id } = await sides.tell('POST', '/organizations', { name: rule, public_metadata: { [rule]: 'before' } })
  for (const message of sides.pending()) await sides.deliver(message)
  await until(() => sides.record('Account', 'Clerk_Org_Id__c', id) !== undefined)
  const organization = String(id)
  const account = String(sides.record('Account', 'Clerk_Org_Id__c', organization)?.['Id'])
  if (rule === 'salesforce') {
    sides.org.person.edit('Account', account, { [fieldOf(rule)]: 'before' })
  }
  return { organization, account }
}

/** What both sides hold. */
const held = async ({ organization, account }: Pair, rule: Rule): Promise<{ clerk: unknown; salesforce: unknown }> => {
  const { public_metadata } = await sides.tell('GET', `/organizations/${organization}`)
  const record = sides.org.state()['Account']?.find((one) => one['Id'] === account)
  return { clerk: (public_metadata as Record<string, unknown>)[rule], salesforce: record?.[fieldOf(rule)] }
}

const editClerk = ({ organization }: Pair, rule: Rule, value: string) =>
  sides.tell('PATCH', `/organizations/${organization}/metadata`, { public_metadata: { [rule]: value } })
const editSalesforce = ({ account }: Pair, rule: Rule, value: string) =>
  sides.org.person.edit('Account', account, { [fieldOf(rule)]: value })

/** Values of a pair's writes, as the journal has them. */
const journalled = async ({ organization }: Pair): Promise<unknown[]> => {
  const rows = await sides.db.query<{ fields: Record<string, { before: unknown; after: unknown }> }>(
    `select c.fields from clerkforce.change c join clerkforce.link l on l.id = c.link_id where l.clerk_id = $1 and c.result = 'done'`,
    [organization],
  )
  return rows.flatMap(({ fields }) => Object.values(fields).flatMap(({ before, after }) => [before, after]))
}

/** Time that shows in Salesforce's stamps too, which have whole seconds. */
const aSecond = async (): Promise<void> => {
  const end = sides.clock.now() + 1_000
  await until(() => sides.clock.now() > end)
}

const orders = ['clerk, then salesforce', 'salesforce, then clerk'] as const
const tellings = ['the webhook first', 'the event first', 'both at once'] as const

const parkedOf = async ({ organization }: Pair) =>
  (await listParked(sides.db.query, 100)).find(({ clerkId }) => clerkId === organization)

type Case = { rule: Rule; order: (typeof orders)[number]; pair: Pair }

const editBoth = async ({ rule, order, pair }: Case): Promise<void> => {
  const edits = [() => editClerk(pair, rule, 'C'), () => editSalesforce(pair, rule, 'S')]
  if (order === 'salesforce, then clerk') edits.reverse()
  await edits[0]?.()
  await aSecond()
  await edits[1]?.()
}

test.each(tellings)('edited on both sides, then %s: the rule decides, whatever was edited first', async (telling) => {
  const cases: Case[] = []
  for (const rule of rules) for (const order of orders) cases.push({ rule, order, pair: await agreed(rule) })
  await sides.settled()
  sides.org.events.set({ hold: true })
  await Promise.all(cases.map(editBoth))
  for (const { rule, pair } of cases) expect(await held(pair, rule)).toEqual({ clerk: 'C', salesforce: 'S' })

  if (telling === 'the webhook first') {
    for (const message of sides.pending()) await sides.deliver(message)
    await sides.engine().drain()
  }
  sides.org.events.set({ hold: false })
  if (telling === 'the event first') await sides.quiet()
  await sides.settled()

  for (const { rule, order, pair } of cases) {
    const said = `${rule}: ${order}`
    const last = order === 'clerk, then salesforce' ? 'S' : 'C'
    const wins = { clerk: 'C', salesforce: 'S', newest: last, 'fill-blank': undefined, park: undefined }[rule]
    const ends = wins === undefined ? { clerk: 'C', salesforce: 'S' } : { clerk: wins, salesforce: wins }
    expect(await held(pair, rule), said).toEqual(ends)
    expect((await parkedOf(pair))?.code, said).toBe(rule === 'park' ? 'CONFLICT' : undefined)
    if (wins !== undefined && known(rule, telling))
      expect(await journalled(pair), said).toContain(wins === 'C' ? 'S' : 'C')
  }
})

/** Under a rule that asks nobody before it writes, the losing value is known only if it was told first. */
const known = (rule: Rule, telling: (typeof tellings)[number]): boolean =>
  rule === 'newest' ||
  (rule === 'clerk' && telling === 'the event first') ||
  (rule === 'salesforce' && telling === 'the webhook first')

test('an edit in Clerk whose webhook has not come is seen before Salesforce’s older value is carried over it', async () => {
  const pair = await agreed('newest')
  await sides.settled()
  sides.org.events.set({ hold: true })
  editSalesforce(pair, 'newest', 'S')
  await aSecond()
  await editClerk(pair, 'newest', 'C')
  // Only Salesforce's event comes: the webhook waits.
  sides.org.events.set({ hold: false })
  await until(async () => (await held(pair, 'newest')).salesforce === 'C')
  await sides.quiet()
  expect(sides.pending()).toHaveLength(1)
  expect(await held(pair, 'newest')).toEqual({ clerk: 'C', salesforce: 'C' })
  expect(await journalled(pair)).toContain('S')
})

test('what a directory manages in Clerk goes to Salesforce, once and without a loop, whatever the rule', async () => {
  const { id } = await sides.tell('POST', '/users', {
    email_address: ['scim@example.com'],
    first_name: 'Ada',
    last_name: 'Lovelace',
    skip_password_requirement: true,
  })
  await sides.settled()
  const contact = () => sides.record('Contact', 'Clerk_User_Id__c', id)
  sides.org.person.edit('Contact', String(contact()?.['Id']), { FirstName: 'Ada' })
  await sides.settled()
  await sides.clerk.app.request('/_emulator/scim', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: id, scim: { directory_id: 'dir_1', directory_enabled: true, external_id: null } }),
  })
  sides.org.person.edit('Contact', String(contact()?.['Id']), { FirstName: 'Sally' })
  await sides.settled()
  expect(contact()?.['FirstName']).toBe('Ada')
  expect((await sides.tell('GET', `/users/${id}`))['first_name']).toBe('Ada')
  const lines = () =>
    sides.db.query<{ side: string; result: string }>(
      `select c.side, c.result from clerkforce.change c join clerkforce.link l on l.id = c.link_id
       where l.clerk_id = $1 and c.kind = 'update' order by c.id`,
      [id],
    )
  expect(await lines()).toEqual([
    { side: 'clerk', result: expect.stringContaining('managed_by_scim') },
    { side: 'salesforce', result: 'done' },
  ])
  // From now on Clerk is not even asked.
  sides.org.person.edit('Contact', String(contact()?.['Id']), { FirstName: 'Sue' })
  await sides.settled()
  expect(contact()?.['FirstName']).toBe('Ada')
  expect((await lines()).filter(({ side }) => side === 'clerk')).toHaveLength(1)
})

test('metadata that grows beyond what Clerk takes parks the record with Clerk’s words', async () => {
  const pair = await agreed('salesforce')
  await sides.settled()
  await sides.tell('PATCH', `/organizations/${pair.organization}/metadata`, {
    public_metadata: { padding: 'x'.repeat(8_192 - 65) },
  })
  await sides.settled()
  editSalesforce(pair, 'salesforce', 'x'.repeat(80))
  await sides.settled()
  const parked = await parkedOf(pair)
  expect(parked?.reason).toMatch(/^Clerk refuses it: .*8.*Change the value in Salesforce or the mapping, then retry$/)
})

test('a 429 uses up nobody’s attempts, and all go out when Clerk’s pause is over', async () => {
  const pairs = [await agreed('salesforce'), await agreed('salesforce'), await agreed('salesforce')]
  sides.clerk.faults.add({
    method: 'PATCH',
    path: '/v1/organizations/*',
    times: 2,
    respond: {
      status: 429,
      headers: { 'retry-after': '2' },
      body: { errors: [{ code: 'too_many_requests', message: 'Too many requests' }] },
    },
  })
  for (const pair of pairs) editSalesforce(pair, 'salesforce', 'S')
  await until(async () => (await sides.db.query('select 1 from clerkforce.dirty')).length > 0)
  const attempts = await sides.db.query<{ attempts: number }>('select attempts from clerkforce.dirty')
  expect(attempts.every((one) => one.attempts === 0)).toBe(true)
  await sides.settled()
  for (const pair of pairs) expect((await held(pair, 'salesforce')).clerk).toBe('S')
})

test('a record that Clerk lets us write no more often waits alone: others go on', async () => {
  const [busy, other] = [await agreed('salesforce'), await agreed('salesforce')]
  for (let n = 0; n < 11; n++) {
    editSalesforce(busy, 'salesforce', `S${n}`)
    await sides
      .engine()
      .drain()
      .catch(() => undefined)
    await until(async () => n >= 9 || (await held(busy, 'salesforce')).clerk === `S${n}`)
  }
  editSalesforce(other, 'salesforce', 'S')
  await until(async () => (await held(other, 'salesforce')).clerk === 'S')
  await sides.settled()
  expect((await held(busy, 'salesforce')).clerk).toBe('S10')
  expect(await parkedOf(busy)).toBeUndefined()
})
