import { afterAll, beforeAll, expect, test } from 'vitest'
import { jumpingClock } from '../support/jumping-clock.ts'
import { type Pairs, pairsOf } from '../support/pairs.ts'
import { startTwoSides, type TwoSides } from '../support/two-sides.ts'

/** One pair of sides for all: each test has users and organizations of its own. */
let sides: TwoSides
let pairs: Pairs
const closers: (() => Promise<void>)[] = []

beforeAll(async () => {
  sides = await startTwoSides({ clock: jumpingClock(), ended: (close) => closers.push(close) })
  pairs = pairsOf(sides)
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** The same for both: Contacts of users, Accounts of organizations. */
const kinds = [
  {
    object: 'Contact' as const,
    key: 'Clerk_User_Id__c',
    pair: async (name: string) => {
      const { userId, contactId } = await pairs.person(name)
      return { clerkId: userId, id: contactId }
    },
    bare: (name: string) => sides.org.person.create('Contact', { LastName: name }),
    stranger: 'user_2tqzYcwJ4rQm1xqKJ0Yv8gkJzYw',
  },
  {
    object: 'Account' as const,
    key: 'Clerk_Org_Id__c',
    pair: async (name: string) => {
      const { organizationId, accountId } = await pairs.organization(name)
      return { clerkId: organizationId, id: accountId }
    },
    bare: (name: string) => sides.org.person.create('Account', { Name: name }),
    stranger: 'org_2tqzYcwJ4rQm1xqKJ0Yv8gkJzYw',
  },
]

test.each(kinds)('$key that somebody clears is put back', async ({ object, key, pair }) => {
  const { org, settled, record } = sides
  const { clerkId, id } = await pair('Cleared')
  org.person.edit(object, id, { [key]: null })
  await settled()
  expect(record(object, id)[key]).toBe(clerkId)
  expect(await pairs.link(clerkId)).toMatchObject({ salesforceId: id, code: null })
})

test.each(kinds)('$key that is no Clerk id is put back', async ({ object, key, pair }) => {
  const { org, settled, record } = sides
  const { clerkId, id } = await pair('Nonsense')
  org.person.edit(object, id, { [key]: 'see notes' })
  await settled()
  expect(record(object, id)[key]).toBe(clerkId)
  expect(await pairs.link(clerkId)).toMatchObject({ salesforceId: id, code: null })
})

test.each(kinds)(
  '$key that somebody moves to a record without one moves the pair',
  async ({ object, key, pair, bare }) => {
    const { org, settled, record } = sides
    const { clerkId, id } = await pair('Moved')
    const to = bare('Target')
    await settled()
    org.person.edit(object, id, { [key]: null })
    org.person.edit(object, to, { [key]: clerkId })
    await settled()
    expect(record(object, to)).toMatchObject({ [key]: clerkId, Clerk_Status__c: 'active' })
    expect(record(object, id)[key]).toBeUndefined()
    expect(await pairs.link(clerkId)).toMatchObject({ salesforceId: to, code: null })
  },
)

test.each(kinds)(
  '$key with a Clerk id that nobody here has is parked, and agrees again when it is cleared',
  async ({ object, key, pair, stranger }) => {
    const { org, settled, record } = sides
    const { clerkId, id } = await pair('Stranger')
    org.person.edit(object, id, { [key]: stranger })
    await settled()
    const { code, reason } = await pairs.link(clerkId)
    expect(code).toBe('LINKED_TO_ANOTHER')
    expect(reason).toContain(stranger)
    expect(record(object, id)[key]).toBe(stranger)
    org.person.edit(object, id, { [key]: null })
    await settled()
    expect(record(object, id)[key]).toBe(clerkId)
    expect(await codeOf(clerkId)).toBeNull()
  },
)

test.each(kinds)(
  '$key moved onto the record of another one moves the pair, and who had it is parked until it is given one',
  async ({ object, key, pair }) => {
    const { org, settled, record } = sides
    const ousted = await pair('Ousted')
    const moved = await pair('Moving')
    const count = () => org.state()[object]?.length
    const before = count()
    org.person.edit(object, moved.id, { [key]: null })
    org.person.edit(object, ousted.id, { [key]: moved.clerkId })
    await settled()
    expect(await pairs.link(moved.clerkId)).toMatchObject({ salesforceId: ousted.id, code: null })
    expect(await codeOf(ousted.clerkId)).toBe('GIVEN_TO_ANOTHER')
    expect(count()).toBe(before)
    org.person.edit(object, moved.id, { [key]: ousted.clerkId })
    await settled()
    expect(await pairs.link(ousted.clerkId)).toMatchObject({ salesforceId: moved.id, code: null })
    expect(record(object, moved.id)).toMatchObject({ [key]: ousted.clerkId, Clerk_Status__c: 'active' })
  },
)

test.each(kinds)('two records of which somebody swaps $key swap their pairs', async ({ object, key, pair }) => {
  const { org, settled, record } = sides
  const one = await pair('Swap-one')
  const other = await pair('Swap-other')
  org.person.edit(object, other.id, { [key]: null })
  org.person.edit(object, one.id, { [key]: other.clerkId })
  org.person.edit(object, other.id, { [key]: one.clerkId })
  await settled()
  expect(await pairs.link(one.clerkId)).toMatchObject({ salesforceId: other.id, code: null })
  expect(await pairs.link(other.clerkId)).toMatchObject({ salesforceId: one.id, code: null })
  expect([record(object, one.id)[key], record(object, other.id)[key]]).toEqual([other.clerkId, one.clerkId])
})

test('the memberships of a user whose id is moved to another Contact go with it', async () => {
  const { org, settled } = sides
  const first = await pairs.organization('With members')
  const second = await pairs.organization('With more members')
  const { userId, contactId } = await pairs.person('Member')
  const memberships = [await pairs.join(first.organizationId, userId), await pairs.join(second.organizationId, userId)]
  const to = org.person.create('Contact', { LastName: 'Better', AccountId: second.accountId })
  await settled()
  org.person.edit('Contact', contactId, { Clerk_User_Id__c: null })
  org.person.edit('Contact', to, { Clerk_User_Id__c: userId })
  await settled()
  const relations = memberships.map((id) => pairs.carrying('AccountContactRelation', id))
  expect(relations).toMatchObject([
    { ContactId: to, AccountId: first.accountId, IsActive: true, IsDirect: false },
    { ContactId: to, AccountId: second.accountId, IsActive: true, IsDirect: true },
  ])
  expect(await Promise.all(memberships.map(codeOf))).toEqual([null, null])
})

const codeOf = async (clerkId: string): Promise<string | null> => (await pairs.link(clerkId)).code
