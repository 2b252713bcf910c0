import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import { deploy, grant, manifest, problems } from '../deploy/package.test-support.ts'

let salesforce: TestClient
let id: string
beforeEach(() => {
  salesforce = openSalesforce({ sfdx: false })
  id = salesforce.person.create('Contact', { LastName: 'X', MailingCity: 'Bern', MailingLatitude: 46.95 })
})

const bern = {
  city: 'Bern',
  country: null,
  geocodeAccuracy: null,
  latitude: 46.95,
  longitude: null,
  postalCode: null,
  state: null,
  street: null,
}
const row = () => `/sobjects/Contact/${id}`

test('an address is shown as a whole beside its parts, and is null where it has none', async () => {
  const { body } = await salesforce.call('GET', row())
  expect(body).toMatchObject({ MailingCity: 'Bern', MailingAddress: bern, OtherCity: null, OtherAddress: null })
  expect(await salesforce.query('SELECT MailingAddress, Account.BillingAddress FROM Contact')).toEqual([
    { MailingAddress: bern, Account: null },
  ])
})

test('what a read gave cannot be written back whole: the address is read-only', async () => {
  for (const MailingAddress of [bern, null, 'Bern'])
    expect(await salesforce.call('PATCH', row(), { MailingAddress })).toMatchObject({
      status: 400,
      body: [{ errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE', fields: ['MailingAddress'] }],
    })
  expect(await salesforce.call('PATCH', row(), { MailingCity: 'Basel' })).toMatchObject({ status: 204 })
})

test('a place has degrees, up to the poles and the date line', async () => {
  for (const values of [{ MailingLatitude: -90 }, { MailingLongitude: 180 }])
    expect(await salesforce.call('PATCH', row(), values)).toMatchObject({ status: 204 })
  for (const values of [{ MailingLatitude: 90.1 }, { MailingLongitude: -180.000001 }])
    expect(await salesforce.call('PATCH', row(), values)).toMatchObject({
      status: 400,
      body: [{ errorCode: 'NUMBER_OUTSIDE_VALID_RANGE' }],
    })
})

test('an address is not compared, sorted or grouped; its parts are', async () => {
  const ask = (rest: string) =>
    salesforce.call('GET', `/query?q=${encodeURIComponent(`SELECT COUNT(Id) FROM Contact ${rest}`)}`)
  for (const rest of ["WHERE MailingAddress = 'Bern'", 'GROUP BY MailingAddress'])
    expect(await ask(rest)).toMatchObject({ status: 400 })
  expect(
    await salesforce.call('GET', `/query?q=${encodeURIComponent('SELECT Id FROM Contact ORDER BY MailingAddress')}`),
  ).toMatchObject({ status: 400 })
  expect(await ask("WHERE MailingCity = 'bern' GROUP BY MailingCity")).toMatchObject({ status: 200 })
})

test('describe says which field a part belongs to', async () => {
  const { body } = await salesforce.call('GET', '/sobjects/Contact/describe')
  const { fields } = body as { fields: { name: string }[] }
  const named = (name: string) => fields.find((field) => field.name === name)
  expect(named('MailingAddress')).toMatchObject({ type: 'address', soapType: 'urn:address', updateable: false })
  expect(named('MailingStreet')).toMatchObject({ type: 'textarea', compoundFieldName: 'MailingAddress' })
  expect(named('LastName')).toMatchObject({ compoundFieldName: 'Name' })
  expect(named('Email')).toMatchObject({ compoundFieldName: null })
})

test('bulk queries and uploads refuse the address and take its parts', async () => {
  const query = (field: string) =>
    salesforce.call('POST', '/jobs/query', { operation: 'query', query: `SELECT ${field} FROM Contact` })
  expect(await query('MailingAddress')).toMatchObject({
    status: 400,
    body: [{ message: 'Selecting compound data not supported in Bulk Query' }],
  })
  expect(await query('MailingCity')).toMatchObject({ status: 200 })
})

test('a permission set grants an address, and no part of it by itself', async () => {
  salesforce = openSalesforce({ assignDeployed: true })
  const set = (field: string) =>
    deploy(salesforce, {
      'package.xml': manifest({ PermissionSet: ['Post'] }),
      'permissionsets/Post.permissionset': grant('Post', 'Contact', [field], false),
    })
  const ask = () => salesforce.call('GET', '/query?q=SELECT+MailingCity,MailingAddress+FROM+Contact')
  expect(problems(await set('MailingCity'))).toEqual([
    'In field: field - no CustomField named Contact.MailingCity found',
  ])
  expect(await ask()).toMatchObject({ status: 400 })
  expect(problems(await set('MailingAddress'))).toEqual([])
  expect(await ask()).toMatchObject({ status: 200 })
})

test('a Person Account has its addresses as fields of its own', async () => {
  salesforce = openSalesforce({ sfdx: false, personAccounts: true })
  const { body } = await salesforce.call('POST', '/sobjects/Account', { LastName: 'X', PersonMailingCity: 'Bern' })
  const account = `/sobjects/Account/${(body as { id: string }).id}`
  expect((await salesforce.call('GET', account)).body).toMatchObject({ PersonMailingAddress: { city: 'Bern' } })
  expect(await salesforce.query('SELECT MailingAddress FROM Contact')).toMatchObject([
    { MailingAddress: { city: 'Bern' } },
  ])
})
