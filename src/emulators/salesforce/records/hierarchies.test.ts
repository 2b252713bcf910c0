import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSalesforce } from '../client.test-support.ts'

const circular = { status: 400, body: [{ errorCode: 'CIRCULAR_DEPENDENCY' }] }

test.each([
  ['Account', 'ParentId', { Name: 'X' }],
  ['Contact', 'ReportsToId', { LastName: 'X' }],
] as const)('no %s is above itself: %s leads nowhere back', async (object, field, values) => {
  const salesforce = openSalesforce({ sfdx: false })
  const ids = Array.from({ length: 4 }, () => salesforce.person.create(object, values))
  const put = (child: number, above: number | null) =>
    salesforce.call('PATCH', `/sobjects/${object}/${ids[child]}`, { [field]: above === null ? null : ids[above] })
  expect(await put(0, 0)).toMatchObject(circular)
  for (const child of [1, 2, 3]) expect(await put(child, child - 1)).toMatchObject({ status: 204 })
  expect(await put(0, 3)).toMatchObject(circular)
  expect(await put(1, null)).toMatchObject({ status: 204 })
  expect(await put(0, 3)).toMatchObject({ status: 204 })
})

test('whatever is moved where, Accounts stay trees', async () => {
  const move = fc.tuple(fc.nat(4), fc.nat(4))
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 12 }), async (moves) => {
      const salesforce = openSalesforce({ sfdx: false })
      const ids = salesforce.seed({ Account: Array.from({ length: 5 }, () => ({ Name: 'X' })) }).Account
      for (const [child, above] of moves)
        await salesforce.call('PATCH', `/sobjects/Account/${ids[child]}`, { ParentId: ids[above] })
      const above = new Map((salesforce.state()['Account'] ?? []).map((row) => [row['Id'], row['ParentId']]))
      for (const id of ids) {
        let at: unknown = id
        for (let steps = 0; at !== undefined; steps++) {
          expect(steps).toBeLessThan(6)
          at = above.get(at as string)
        }
      }
    }),
    { numRuns: 15 },
  )
})

test('a custom lookup to the own object may form a circle', async () => {
  const salesforce = openSalesforce({
    sfdx: false,
    customFields: [{ object: 'Account', name: 'Twin__c', type: 'reference', referenceTo: 'Account' }],
  })
  const [a = '', b = ''] = salesforce.seed({ Account: [{ Name: 'A' }, { Name: 'B' }] }).Account
  for (const [one, other] of [
    [a, b],
    [b, a],
  ])
    expect(await salesforce.call('PATCH', `/sobjects/Account/${one}`, { Twin__c: other })).toMatchObject({
      status: 204,
    })
})
