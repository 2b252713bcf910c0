import { expect, test } from 'vitest'
import { openSalesforce } from '../client.test-support.ts'

test('record counts leave out what is deleted, and objects that nobody has', async () => {
  const salesforce = openSalesforce()
  const { Account } = salesforce.seed({ Account: [{ Name: 'A' }, { Name: 'B' }] })
  salesforce.person.remove('Account', Account[0] ?? '')
  const { body } = await salesforce.call('GET', '/limits/recordCount?sObjects=Account,Ghost__c')
  expect(body).toEqual({ sObjects: [{ count: 1, name: 'Account' }] })
  const all = (await salesforce.call('GET', '/limits/recordCount')).body as unknown as { sObjects: { name: string }[] }
  expect(all.sObjects.map(({ name }) => name)).toEqual(expect.arrayContaining(['Account', 'Contact']))
})
