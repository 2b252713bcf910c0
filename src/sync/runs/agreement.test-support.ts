/** Whether two sides agree, by the documented defaults, written down a second time: the judge must not share a mistake with the judged. */
import type { Place } from './damages.test-support.ts'

type Shown = Record<string, unknown>

const listed = async ({ tell }: Place, path: string): Promise<Shown[]> => {
  const answer: unknown = await tell('GET', `${path}?limit=500`)
  return (Array.isArray(answer) ? answer : (answer as { data: Shown[] }).data) as Shown[]
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const of = (value: unknown, field: string): string => textOf((value as Shown | undefined)?.[field])

/** What differs, as sentences; what clerkforce has set aside for a person is left out. */
export const disagreements = async (place: Place): Promise<string[]> => {
  const { records, db } = place
  const rows = await db.query<{ id: string }>('select clerk_id as id from clerkforce.link where parked_at is not null')
  const parked = new Set(rows.map(({ id }) => id))
  const found: string[] = []
  const compare = (object: string, key: string, wanted: ReadonlyMap<string, Shown>, over: (one: Shown) => boolean) => {
    const byKey = Map.groupBy(records(object), (one) => textOf(one[key]))
    for (const [id, fields] of wanted) {
      if (parked.has(id)) continue
      const [first, ...more] = byKey.get(id) ?? []
      if (!first || more.length > 0) found.push(`${id} has ${first ? more.length + 1 : 'no'} ${object}`)
      for (const [field, value] of Object.entries(fields))
        if (first && (first[field] ?? null) !== (value ?? null))
          found.push(`${id}: ${field} is ${first[field]}, not ${value}`)
    }
    for (const [id, [one]] of byKey)
      if (id !== '' && !wanted.has(id) && !parked.has(id) && one && !over(one))
        found.push(`${object} ${one['Id']} carries ${id}, which is not in Clerk, and does not say so`)
  }
  const [users, organizations, memberships] = await Promise.all([
    listed(place, '/users'),
    listed(place, '/organizations'),
    listed(place, '/organization_memberships'),
  ])
  const carrying = (object: string, key: string, id: string) =>
    records(object).find((one) => one[key] === id)?.['Id'] ?? null
  const isHeldUp = (membership: Shown): boolean =>
    parked.has(of(membership['organization'], 'id')) || parked.has(of(membership['public_user_data'], 'user_id'))
  compare(
    'Account',
    'Clerk_Org_Id__c',
    new Map(organizations.map((one) => [of(one, 'id'), { Name: one['name'], Clerk_Status__c: 'active' }])),
    (one) => one['Clerk_Status__c'] === 'deleted',
  )
  const contactOf = (user: Shown): Shown => ({
    FirstName: user['first_name'],
    LastName: user['last_name'],
    Clerk_Status__c: 'active',
  })
  compare(
    'Contact',
    'Clerk_User_Id__c',
    new Map(users.map((one) => [of(one, 'id'), contactOf(one)])),
    (one) => one['Clerk_Status__c'] === 'deleted',
  )
  const relationOf = (membership: Shown): Shown => ({
    Clerk_Role__c: membership['role'],
    IsActive: true,
    AccountId: carrying('Account', 'Clerk_Org_Id__c', of(membership['organization'], 'id')),
    ContactId: carrying('Contact', 'Clerk_User_Id__c', of(membership['public_user_data'], 'user_id')),
  })
  const alive = memberships.filter((one) => !isHeldUp(one))
  compare(
    'AccountContactRelation',
    'Clerk_Membership_Id__c',
    new Map(alive.map((one) => [of(one, 'id'), relationOf(one)])),
    (one) => one['IsActive'] === false || memberships.some(({ id }) => id === one['Clerk_Membership_Id__c']),
  )
  return found
}
