/** Random histories of a Clerk instance: what its users did, as the events that Clerk sends for it, in the order in which it happened. */
import fc from 'fast-check'
import { day, membershipEvent, organizationDeleted, organizationEvent, userDeleted, userEvent } from './clerk-events.ts'

type Step =
  | { do: 'sign-up'; user: number }
  | { do: 'rename'; user: number; name: string }
  | { do: 'ban'; user: number; banned: boolean }
  | { do: 'delete-user'; user: number }
  | { do: 'create-organization'; organization: number }
  | { do: 'rename-organization'; organization: number; name: string }
  | { do: 'delete-organization'; organization: number }
  | { do: 'join'; user: number; organization: number; role: string }
  | { do: 'change-role'; user: number; organization: number; role: string }
  | { do: 'leave'; user: number; organization: number }

const user = fc.nat({ max: 3 })
const organization = fc.nat({ max: 2 })
const role = fc.constantFrom('org:admin', 'org:member')
const name = fc.constantFrom('Grace', 'Edsger', 'Barbara', 'Donald')

/** Everybody signs up and every company is founded first, or most steps would have nothing to act on. */
const prelude: readonly Step[] = [
  ...[0, 1, 2, 3].map((n): Step => ({ do: 'sign-up', user: n })),
  ...[0, 1, 2].map((n): Step => ({ do: 'create-organization', organization: n })),
]

const actions: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('sign-up' as const), user }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('create-organization' as const), organization }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('join' as const), user, organization, role }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('change-role' as const), user, organization, role }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), user, organization }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('rename' as const), user, name }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('ban' as const), user, banned: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rename-organization' as const), organization, name }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete-user' as const), user }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete-organization' as const), organization }) },
  ),
  { minLength: 8, maxLength: 24, size: 'max' },
)

/** Histories in which something happens. */
export const steps: fc.Arbitrary<Step[]> = actions.map((acts) => [...prelude, ...acts])

/** Plays the steps that are possible, one an hour, and returns the events. Every id starts with `prefix`. */
export const playHistory = (history: readonly Step[], prefix: string): object[] => {
  const events: object[] = []
  const users = new Map<number, { id: string; email: string; first: string; at: number; fields: object }>()
  const organizations = new Map<number, { id: string; name: string; at: number }>()
  const gone = new Set<string>()
  const members = new Map<string, { id: string; role: string; createdAt: number; at: number }>()
  let joined = 0
  for (const [index, step] of history.entries()) {
    const now = day(0) + (index + 1) * 3_600_000 * 7
    const person = 'user' in step ? users.get(step.user) : undefined
    const company = 'organization' in step ? organizations.get(step.organization) : undefined
    const pair = 'user' in step && 'organization' in step ? `${step.user} ${step.organization}` : ''
    const member = members.get(pair)
    const payload = () => {
      if (!person || !company || !member) throw new Error('no such membership')
      return {
        id: member.id,
        user: person,
        organization: company,
        role: member.role,
        createdAt: member.createdAt,
        at: member.at,
      }
    }
    switch (step.do) {
      case 'sign-up': {
        const id = `${prefix}user_${step.user}`
        if (person || gone.has(id)) break
        const fresh = { id, email: `${id}@example.com`, first: 'Ada', at: now, fields: {} }
        users.set(step.user, fresh)
        events.push(userEvent('created', fresh))
        break
      }
      case 'rename':
      case 'ban':
        if (!person) break
        if (step.do === 'rename') person.first = step.name
        else person.fields = { banned: step.banned }
        person.at = now
        events.push(userEvent('updated', person))
        break
      case 'create-organization': {
        const id = `${prefix}org_${step.organization}`
        if (company || gone.has(id)) break
        const fresh = { id, name: `Company ${step.organization}`, at: now }
        organizations.set(step.organization, fresh)
        events.push(organizationEvent('created', fresh))
        break
      }
      case 'rename-organization':
        if (!company) break
        company.name = `${step.name} Inc`
        company.at = now
        events.push(organizationEvent('updated', company))
        break
      case 'join':
        if (!person || !company || member) break
        members.set(pair, {
          id: `${prefix}orgmem_${String(++joined).padStart(3, '0')}`,
          role: step.role,
          createdAt: now,
          at: now,
        })
        events.push(
          membershipEvent('created', {
            ...payloadOf(members.get(pair)),
            user: { ...person },
            organization: { ...company },
          }),
        )
        break
      case 'change-role':
        if (!member) break
        member.role = step.role
        member.at = now
        events.push(membershipEvent('updated', payload()))
        break
      case 'leave':
        if (!member) break
        events.push(membershipEvent('deleted', payload(), now))
        members.delete(pair)
        break
      case 'delete-user':
        if (!person) break
        events.push(userDeleted(person.id, now))
        gone.add(person.id)
        users.delete(step.user)
        for (const key of [...members.keys()]) if (key.startsWith(`${step.user} `)) members.delete(key)
        break
      case 'delete-organization':
        if (!company) break
        events.push(organizationDeleted(company.id, now))
        gone.add(company.id)
        organizations.delete(step.organization)
        for (const key of [...members.keys()]) if (key.endsWith(` ${step.organization}`)) members.delete(key)
        break
    }
  }
  return events
}

const payloadOf = (member: { id: string; role: string; createdAt: number; at: number } | undefined) => {
  if (!member) throw new Error('no such membership')
  return member
}
