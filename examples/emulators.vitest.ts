import { startSalesforceEmulator } from 'clerkforce/emulators'
import { afterAll, beforeEach, expect, test } from 'vitest'

const salesforce = await startSalesforceEmulator({ apiLimit: 1_000 })
beforeEach(() => salesforce.reset())
afterAll(() => salesforce.close())

test('the org is empty before every test', () => {
  expect(salesforce.state()['Contact']).toEqual([])
  salesforce.seed({ Contact: [{ LastName: 'Ada' }] })
  expect(salesforce.state()['Contact']).toHaveLength(1)
})
