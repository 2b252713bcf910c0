import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient
beforeEach(() => {
  salesforce = openSalesforce({ sfdx: false })
})

const columns = async (soql: string) => {
  const { status, body } = await salesforce.call('GET', `/query?columns=true&q=${encodeURIComponent(soql)}`)
  return {
    status,
    body: body as { columnMetadata: { columnName: string; displayName: string; joinColumns: object[] }[] },
  }
}

test('columns of fields, parents and children come in the order in which they were named', async () => {
  const { body } = await columns(
    'SELECT Id, Owner.Name, NumberOfEmployees, (SELECT LastName FROM Contacts) FROM Account',
  )
  expect(body).toMatchObject({ entityName: 'Account', keyPrefix: '001', idSelected: true, groupBy: false })
  expect(body.columnMetadata).toMatchObject([
    { columnName: 'Id', apexType: 'Id', aggregate: false },
    { columnName: 'Owner', foreignKeyName: 'OwnerId', joinColumns: [{ columnName: 'Name', textType: true }] },
    { columnName: 'NumberOfEmployees', numberType: true },
    { columnName: 'Contacts', aggregate: true, joinColumns: [{ columnName: 'LastName' }] },
  ])
})

test('aggregates have their alias or a number for a name, and say what they are', async () => {
  const { body } = await columns('SELECT Industry, COUNT(Id) n, MAX(Name) FROM Account GROUP BY Industry')
  expect(body).toMatchObject({ groupBy: true, idSelected: false })
  expect(body.columnMetadata).toMatchObject([
    { columnName: 'Industry', aggregate: false },
    { columnName: 'n', displayName: 'COUNT(Id)', aggregate: true },
    { columnName: 'expr0', displayName: 'MAX(Name)', aggregate: true },
  ])
  expect((await columns('SELECT COUNT() FROM Account')).body.columnMetadata).toEqual([])
})

test('a query that is wrong has no columns', async () => {
  expect((await columns('SELECT Nope FROM Account')).status).toBe(400)
})
