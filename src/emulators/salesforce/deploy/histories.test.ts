import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import type { Metadata } from '../metadata/model.ts'
import { deploy, type Files, field, grant, manifest, xml } from './package.test-support.ts'

/** One deploy of a history: fields to make, some of them wrong, fields to remove, and how it is asked for. */
const step = fc.record({
  make: fc.uniqueArray(
    fc.record({ name: fc.constantFrom('A__c', 'B__c', 'C__c'), kind: fc.constantFrom('Date', 'Phone', 'Number') }),
    { selector: ({ name }) => name, maxLength: 3 },
  ),
  remove: fc.uniqueArray(fc.constantFrom('A__c', 'B__c', 'C__c'), { maxLength: 2 }),
  granting: fc.constantFrom('A__c', 'B__c', 'Ghost__c', undefined),
  rollbackOnError: fc.boolean(),
  checkOnly: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

// A Number without its digits is what fails.
const filesOf = ({ make, remove, granting }: Step): Files => ({
  'package.xml': manifest({
    CustomField: make.map(({ name }) => `Contact.${name}`),
    ...(granting ? { PermissionSet: ['Set'] } : {}),
  }),
  ...(remove.length > 0
    ? { 'destructiveChanges.xml': manifest({ CustomField: remove.map((name) => `Contact.${name}`) }) }
    : {}),
  'objects/Contact.object': xml('CustomObject', make.map(({ name, kind }) => field(name, kind)).join('\n')),
  ...(granting ? { 'permissionsets/Set.permissionset': grant('Set', 'Contact', [granting], false) } : {}),
})
const metadataOf = (salesforce: TestClient): Metadata => salesforce.snapshot().parts['metadata'] as Metadata
const fieldsOf = (salesforce: TestClient): string[] =>
  ['A__c', 'B__c', 'C__c'].filter((name) => metadataOf(salesforce).fields[`Contact.${name}`] !== undefined)

const outcome = async (salesforce: TestClient, each: Step): Promise<string> => {
  const before = metadataOf(salesforce)
  const { rollbackOnError, checkOnly } = each
  const result = await deploy(salesforce, filesOf(each), { rollbackOnError, checkOnly })
  const { componentFailures, componentSuccesses } = result.details
  const after = metadataOf(salesforce)
  if (checkOnly || result.status === 'Failed') expect(after).toEqual(before)
  if (rollbackOnError) expect(result.status).toBe(componentFailures.length === 0 ? 'Succeeded' : 'Failed')
  expect(result.numberComponentErrors).toBe(componentFailures.length)
  if (result.status !== 'Succeeded' || checkOnly) return result.status
  // Removals come first, so that what is made stays.
  for (const { name } of each.make) expect(fieldsOf(salesforce)).toContain(name)
  for (const { fullName, deleted } of componentSuccesses)
    if (deleted && !each.make.some(({ name }) => fullName.endsWith(name)))
      expect(fieldsOf(salesforce)).not.toContain(fullName.split('.')[1])
  return result.status
}

test('whatever is deployed in whatever order: all of it or nothing, and the schema says what the metadata says', async () => {
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const salesforce = openSalesforce({ assignDeployed: true })
      for (const each of steps) {
        seen.add(await outcome(salesforce, each))
        for (const name of ['A__c', 'B__c', 'C__c']) {
          const write = () => salesforce.person.create('Contact', { LastName: 'X', [name]: null })
          if (fieldsOf(salesforce).includes(name)) expect(write()).toMatch(/^003/)
          else expect(write).toThrow('No such column')
        }
      }
      const other = openSalesforce()
      other.restore(structuredClone(salesforce.snapshot()))
      expect(metadataOf(other)).toEqual(metadataOf(salesforce))
    }),
    { numRuns: 25 },
  )
  expect([...seen].sort()).toEqual(['Failed', 'Succeeded', 'SucceededPartial'])
})
