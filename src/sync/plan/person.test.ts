import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Body, Fields, SalesforceState } from '../../model/model.ts'
import { compileRules, type MappingConfig, type Rules } from './mapping.ts'
import type { MembershipView } from './membership-time.ts'
import { type PersonInput, planPerson } from './person.ts'

const text = fc.constantFrom(null, 'Ada', 'Grace', '  padded ', 'x'.repeat(120))
const user: fc.Arbitrary<Body> = fc.record({
  id: fc.constant('user_1'),
  first_name: text,
  last_name: text,
  username: text,
  email_addresses: fc.constantFrom<Body[]>([], [{ id: 'idn_1', email_address: 'ada@acme.test' }]),
  primary_email_address_id: fc.constantFrom(null, 'idn_1'),
  phone_numbers: fc.constant<Body[]>([]),
  primary_phone_number_id: fc.constant(null),
  banned: fc.boolean(),
  last_sign_in_at: fc.constantFrom(null, 1_767_605_400_123),
})
const view: fc.Arbitrary<MembershipView> = fc
  .record({
    n: fc.nat({ max: 3 }),
    started: fc.nat({ max: 9 }),
    ended: fc.option(fc.nat({ max: 9 })),
    gone: fc.option(fc.nat({ max: 9 })),
  })
  .map(({ n, started, ended, gone }) => ({
    membership: {
      id: `orgmem_${n}_${started}`,
      body: { created_at: started },
      version: started,
      deletedAt: ended,
      personId: 'user_1',
      organizationId: `org_${n}`,
    },
    organization: { deletedAt: gone, accountId: `001_${n}`, parked: false },
  }))
const config: fc.Arbitrary<MappingConfig> = fc.record({
  policies: fc.record({
    membershipEnded: fc.constantFrom('deactivate' as const, 'unlink' as const, 'keep' as const),
    userDeleted: fc.constantFrom('deactivate' as const, 'anonymise' as const, 'delete' as const, 'keep' as const),
  }),
})
const held: fc.Arbitrary<Fields> = fc.record({
  FirstName: fc.constantFrom(null, 'Ada', 'Augusta'),
  LastName: fc.constantFrom('King', 'Unknown'),
  Email: fc.constantFrom(null, 'Ada@acme.test'),
  AccountId: fc.constantFrom(null, '001_0', '001_1', '001_stranger'),
})

const input: fc.Arbitrary<PersonInput> = fc
  .record({
    user,
    version: fc.nat({ max: 9 }),
    deletedAt: fc.option(fc.nat({ max: 9 })),
    views: fc.array(view, { maxLength: 4 }),
    config,
    held: fc.option(held),
    relations: fc.boolean(),
  })
  .map(({ user: body, version, deletedAt, views, config: chosen, held: fields, relations }) => ({
    clerk: { id: 'user_1', body, version, deletedAt },
    memberships: views,
    base: null,
    salesforce: { state: 'absent' },
    candidates: fields ? [{ id: '003_1', fields, version: 0 }] : [],
    managed: [],
    rules: compileRules(chosen, {}, relations),
  }))

/** Writes a plan to an imagined Salesforce and asks again. */
const settle = (one: PersonInput): PersonInput | undefined => {
  const plan = planPerson(one)
  if (plan.do !== 'change') return undefined
  const before = one.salesforce.state === 'present' ? one.salesforce.fields : (one.candidates[0]?.fields ?? {})
  const salesforce: SalesforceState =
    plan.change.kind === 'delete'
      ? { state: 'absent', id: '003_1' }
      : { state: 'present', id: '003_1', fields: { ...before, ...plan.change.fields }, version: 0 }
  return { ...one, salesforce, base: plan.base, candidates: [] }
}

test('one write is enough: what was planned and written plans to nothing', () => {
  fc.assert(
    fc.property(input, (one) => {
      const after = settle(one)
      if (after) expect(planPerson(after)).toMatchObject({ do: 'none' })
    }),
    { numRuns: 2_000 },
  )
})

test('a Contact always gets a last name, and never a text that is longer than its field', () => {
  fc.assert(
    fc.property(input, (one) => {
      const plan = planPerson(one)
      if (plan.do !== 'change' || plan.change.kind === 'delete') return
      const { LastName, FirstName } = { ...plan.change.before, ...plan.change.fields }
      if (plan.change.kind === 'create') expect(LastName).toBeTruthy()
      for (const name of [LastName, FirstName])
        if (typeof name === 'string') expect(name.length).toBeLessThanOrEqual(80)
    }),
    { numRuns: 1_000 },
  )
})

test('the order in which memberships became known makes no difference', () => {
  fc.assert(
    fc.property(input, fc.nat(), (one, turn) => {
      const { memberships } = one
      const turned = [
        ...memberships.slice(turn % (memberships.length + 1)),
        ...memberships.slice(0, turn % (memberships.length + 1)),
      ]
      expect(planPerson({ ...one, memberships: turned.reverse() })).toEqual(planPerson(one))
    }),
    { numRuns: 1_000 },
  )
})

test('a Contact on a stranger’s Account stays there, unless Clerk is to decide', () => {
  const known = (rules: Rules): PersonInput => ({
    clerk: { id: 'user_1', body: { id: 'user_1', last_name: 'King' }, version: 1, deletedAt: null },
    memberships: [
      {
        membership: {
          id: 'orgmem_1',
          body: { created_at: 1 },
          version: 1,
          deletedAt: null,
          personId: 'user_1',
          organizationId: 'org_1',
        },
        organization: { deletedAt: null, accountId: '001_ours', parked: false },
      },
    ],
    base: null,
    salesforce: { state: 'present', id: '003_1', version: 0, fields: { LastName: 'King', AccountId: '001_stranger' } },
    candidates: [],
    managed: [],
    rules,
  })
  const written = (rules: Rules): unknown => {
    const plan = planPerson(known(rules))
    return plan.do === 'change' ? plan.change.fields['AccountId'] : undefined
  }
  expect(written(compileRules())).toBe(undefined)
  expect(written(compileRules({ person: { primaryAccount: 'always' } }))).toBe('001_ours')
})
