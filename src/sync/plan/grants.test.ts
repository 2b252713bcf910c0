import { expect, test } from 'vitest'
import { grantFields, meets } from './grants.ts'
import { compileRules, type MappingConfig } from './mapping.ts'

const conditionFor = (config: MappingConfig, type?: string) => {
  const shape = type ? { Account: new Map([['Stage__c', { type, length: 0 }]]) } : {}
  const { provision } = compileRules(config, shape)
  if (!provision) throw new Error('provisioning is off')
  return provision.when
}
const stage = (equals: string | number | boolean): MappingConfig => ({
  provision: { when: { field: 'Stage__c', equals } },
})

test.each([
  [stage('Customer '), 'picklist', 'Customer', 'Prospect'],
  [stage(3), 'double', 3, 4],
  [stage(false), 'boolean', false, true],
  [stage('a@B.test'), 'email', 'A@b.test', 'c@b.test'],
  [stage('2026-03-01T00:00:00+01:00'), 'datetime', '2026-02-28T23:00:00.000Z', '2026-03-01T00:00:00.000Z'],
])('a condition compares as the field does: %j on %s', (config, type, met, unmet) => {
  const condition = conditionFor(config, type)
  expect(meets(condition, { Stage__c: met })).toBe(true)
  expect(meets(condition, { Stage__c: unmet })).toBe(false)
})

test('an empty field meets no condition, and a value that the field cannot hold is met by none', () => {
  expect(meets(conditionFor(stage('x')), { Stage__c: null })).toBe(false)
  expect(meets(conditionFor(stage(false)), {})).toBe(false)
  expect(meets(conditionFor(stage('never'), 'datetime'), { Stage__c: null })).toBe(false)
})

test('what is read of an Account and a Contact is what decides, and nothing where the feature is off', () => {
  const rules = compileRules({ provision: { when: 'Go__c', slug: 'Short_Name__c' } })
  expect([...grantFields('organization', rules).keys()]).toEqual(['Name', 'Go__c', 'Short_Name__c'])
  expect([...grantFields('person', rules).keys()]).toEqual([
    'Email',
    'Invite_To_Clerk__c',
    'Clerk_Invitation_Id__c',
    'Clerk_Invitation_Status__c',
  ])
  expect(grantFields('membership', rules).size).toBe(0)
  const off = compileRules({ provision: false, invite: false })
  expect([grantFields('organization', off).size, grantFields('person', off).size]).toEqual([0, 0])
})
