import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Value } from '../../model/model.ts'
import { type MergeInput, mergeField, rules } from './merge.ts'

const value: fc.Arbitrary<Value> = fc.constantFrom(null, 'a', 'b', 'c')
const input: fc.Arbitrary<MergeInput> = fc.record({
  rule: fc.constantFrom(...rules),
  kind: fc.constantFrom('text' as const, 'email' as const),
  base: fc.option(value, { nil: undefined }),
  clerk: value,
  salesforce: value,
  fallback: fc.boolean(),
  newer: fc.constantFrom('clerk' as const, 'salesforce' as const),
  carries: fc.boolean(),
})

const property = (name: string, holds: (one: MergeInput) => boolean): void => {
  test(name, () => {
    fc.assert(fc.property(input, holds), { numRuns: 2_000 })
  })
}

property('every input has a decision, and equal values always agree', (one) => {
  const merge = mergeField(one)
  return one.clerk === one.salesforce ? merge.do === 'agree' : merge.do !== 'agree'
})

property(
  'a field that Salesforce owns is never written',
  (one) => one.rule !== 'salesforce' || mergeField(one).do !== 'write',
)

property(
  'fill-blank never replaces a value',
  (one) => one.rule !== 'fill-blank' || one.salesforce === null || mergeField(one).do !== 'write',
)

property(
  'Clerk is never written where the field has no place in Clerk, or Clerk owns it',
  (one) => (one.carries && one.rule !== 'clerk') || mergeField(one).do !== 'carry',
)

property(
  'an empty Salesforce value clears in Clerk only what was agreed on before',
  (one) => mergeField(one).do !== 'carry' || one.salesforce !== null || one.base !== undefined,
)

property('what was carried to Clerk is agreed on, and neither side is written again', (one) => {
  if (mergeField(one).do !== 'carry') return true
  return mergeField({ ...one, clerk: one.salesforce, base: one.salesforce }).do === 'agree'
})

property('an empty Clerk value clears only what Clerk had filled before', (one) => {
  const clears = mergeField(one).do === 'write' && one.clerk === null
  return !clears || (one.base !== undefined && one.base !== null)
})

property('a fallback never replaces what somebody else put there', (one) => {
  const replaces = mergeField(one).do === 'write' && one.fallback && one.salesforce !== null
  return !replaces || one.salesforce === one.base
})

property('only the rule park makes a conflict, and only when both sides have something to say', (one) => {
  if (mergeField(one).do !== 'conflict') return true
  return one.rule === 'park' && one.clerk !== one.salesforce
})

property('a field that Clerk owns follows Clerk whenever Clerk has a value of its own', (one) => {
  if (one.rule !== 'clerk' || one.clerk === null || one.fallback || one.clerk === one.salesforce) return true
  return mergeField(one).do === 'write'
})

property('what was written is agreed: the same question has no second answer', (one) => {
  if (mergeField(one).do !== 'write') return true
  return mergeField({ ...one, salesforce: one.clerk, base: one.clerk }).do === 'agree'
})

test('e-mail addresses are compared without regard to case, texts with', () => {
  const same = {
    rule: 'clerk',
    base: undefined,
    clerk: 'A@b.test',
    salesforce: 'a@B.test',
    fallback: false,
    newer: 'clerk',
    carries: true,
  } as const
  expect(mergeField({ ...same, kind: 'email' }).do).toBe('agree')
  expect(mergeField({ ...same, kind: 'text' }).do).toBe('write')
})

test.each([
  ['newest', 'clerk', 'write'],
  ['newest', 'salesforce', 'carry'],
  ['park', 'clerk', 'conflict'],
  ['clerk', 'salesforce', 'write'],
  ['salesforce', 'clerk', 'carry'],
  ['fill-blank', 'clerk', 'keep'],
] as const)('changed on both sides, rule %s, newer %s: %s', (rule, newer, expected) => {
  const both = { kind: 'text', base: 'a', clerk: 'b', salesforce: 'c', fallback: false, carries: true } as const
  expect(mergeField({ ...both, rule, newer }).do).toBe(expected)
})
