import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SalesforceState } from '../../model/model.ts'
import type { Decision } from './decision.ts'
import { compileRules } from './mapping.ts'
import { planPerson } from './person.ts'

const ids = ['003A', '003B', '003C'] as const
const idOrNone = fc.constantFrom<(string | null)[]>(null, ...ids)
const rules = compileRules()
const user = { id: 'user_1', body: { id: 'user_1', last_name: 'King' }, version: 1, deletedAt: null }

const decisions: fc.Arbitrary<Decision> = fc.oneof(
  fc
    .record({ salesforceId: fc.constantFrom(...ids), never: idOrNone })
    .filter(({ salesforceId, never }) => salesforceId !== never)
    .map((one) => ({ wanted: 'this' as const, ...one })),
  fc.record({
    wanted: fc.constantFrom('new' as const, 'apart' as const),
    salesforceId: fc.constant(null),
    never: idOrNone,
  }),
)
const state = (id: string | null, keyed: boolean): SalesforceState =>
  id === null
    ? { state: 'absent' }
    : {
        state: 'present',
        id,
        version: 1,
        fields: { LastName: 'Byron', ...(keyed ? { Clerk_User_Id__c: 'user_1' } : {}) },
      }

test('an open decision is never answered by another record, and takes our key off the one that it was taken from', () => {
  fc.assert(
    fc.property(decisions, idOrNone, fc.boolean(), fc.boolean(), (decision, there, keyed, shown) => {
      const decided = decision.salesforceId
      const candidates = decided !== null && shown ? [{ id: decided, fields: {}, version: 1 }] : []
      const salesforce = state(there, keyed)
      const plan = planPerson({
        clerk: user,
        memberships: [],
        base: null,
        salesforce,
        candidates,
        managed: [],
        decision,
        rules,
      })
      if (plan.do === 'change' && plan.change.kind === 'unpair') {
        expect([plan.change.id, plan.change.fields['Clerk_User_Id__c'], keyed]).toEqual([there, null, true])
        expect(there).not.toBe(decided)
      } else if (plan.do === 'change') {
        expect(plan.change.id).not.toBe(decision.never ?? '')
        if (decision.wanted === 'this') expect(plan.change.id).toBe(decided)
        // A key that was put elsewhere by hand since is the newer decision.
        else if (plan.change.id !== undefined) expect(plan.change.id).toBe(there)
        else expect(decision.wanted).toBe('new')
      } else if (plan.do === 'park') expect([plan.code, shown]).toEqual(['DECIDED_GONE', false])
      else expect([plan.do, decision.wanted]).toEqual(['none', 'apart'])
    }),
  )
})

test('a decision that was carried out stands in nobody’s way', () => {
  const decision = { wanted: 'this', salesforceId: '003A', never: '003B' } as const
  const base = { Clerk_User_Id__c: 'user_1', LastName: 'Byron', Clerk_Status__c: 'active' }
  const salesforce: SalesforceState = { state: 'present', id: '003A', version: 1, fields: base }
  const input = { clerk: user, memberships: [], base, candidates: [], managed: [], decision, rules }
  expect(planPerson({ ...input, salesforce })).toMatchObject({
    do: 'change',
    change: { kind: 'update', id: '003A', fields: { LastName: 'King' } },
  })
  // Merged into another one since: followed, as ever.
  expect(planPerson({ ...input, salesforce: { ...salesforce, id: '003C' } })).toMatchObject({
    do: 'change',
    change: { id: '003C' },
  })
})

test('a new one that a person decided on says so, and not that there was none', () => {
  const decision = { wanted: 'new', salesforceId: null, never: null } as const
  const input = { clerk: user, memberships: [], base: null, candidates: [], managed: [], decision, rules }
  expect(planPerson({ ...input, salesforce: { state: 'absent' } })).toMatchObject({
    do: 'change',
    change: { kind: 'create', reason: 'a person decided that it is to be a new one' },
  })
})
