import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSalesforce } from '../client.test-support.ts'

const roles = ['Business User', 'Decision Maker', 'Economic Buyer', 'Evaluator', 'Executive Sponsor', 'Other']
const salesforce = openSalesforce({
  sfdx: false,
  customFields: [
    { object: 'Contact', name: 'When__c', type: 'datetime' },
    { object: 'Contact', name: 'Number__c', type: 'double', externalId: true, unique: true },
    { object: 'Contact', name: 'Roles__c', type: 'multipicklist', picklist: roles },
  ],
})
const create = (values: object, object = 'Contact') =>
  salesforce.call('POST', `/sobjects/${object}`, { LastName: 'X', ...values })
const refusal = async (values: object) => {
  const { status, body } = await create(values)
  return { status, code: (body as { errorCode: string }[])[0]?.errorCode }
}

test.each(['2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2025-02-29T12:00:00.000+0100'])(
  'a date-time of a day that the calendar does not have is refused: %s',
  async (When__c) => {
    expect(await refusal({ When__c })).toEqual({ status: 400, code: 'JSON_PARSER_ERROR' })
  },
)

test('dates run from 1700 to 4000', async () => {
  for (const Birthdate of ['1700-01-01', '4000-12-31'])
    expect(await create({ Birthdate })).toMatchObject({ status: 201 })
  for (const values of [
    { Birthdate: '1699-12-31' },
    { Birthdate: '4001-01-01' },
    { When__c: '0001-01-01T00:00:00Z' },
    { When__c: '9999-12-31T00:00:00Z' },
  ])
    expect(await refusal(values)).toEqual({ status: 400, code: 'FIELD_INTEGRITY_EXCEPTION' })
})

test('whole numbers of standard fields have eight digits, other numbers eighteen', async () => {
  const account = (values: object) => salesforce.call('POST', '/sobjects/Account', { Name: 'A', ...values })
  expect(await account({ NumberOfEmployees: 99_999_999, AnnualRevenue: 1e17 })).toMatchObject({ status: 201 })
  for (const values of [{ NumberOfEmployees: 100_000_000 }, { AnnualRevenue: -1e18 }])
    expect(await account(values)).toMatchObject({ status: 400, body: [{ errorCode: 'NUMBER_OUTSIDE_VALID_RANGE' }] })
})

test.each(['abc', '0x10', '1,000', 'NaN', 'Infinity'])(
  'a key in the path that is no number finds no number: %s',
  async (key) => {
    for (const [method, body] of [['PATCH', { LastName: 'X' }], ['GET'], ['DELETE']] as const)
      expect(
        await salesforce.call(method, `/sobjects/Contact/Number__c/${encodeURIComponent(key)}`, body),
      ).toMatchObject({
        status: 400,
        body: [{ errorCode: 'INVALID_TYPE_ON_FIELD_IN_RECORD', fields: ['Number__c'] }],
      })
  },
)

test('numbers keep the decimals of their field, rounded half away from zero, and gain none', async () => {
  const org = openSalesforce({
    sfdx: false,
    customFields: [
      { object: 'Contact', name: 'Two__c', type: 'double', precision: 18, scale: 2 },
      { object: 'Contact', name: 'Many__c', type: 'double', precision: 18, scale: 15 },
    ],
  })
  const kept = async (field: string, value: number) => {
    const { body } = await org.call('POST', '/sobjects/Contact', { LastName: 'X', [field]: value })
    const answer = await org.call('GET', `/sobjects/Contact/${(body as { id: string }).id}?fields=${field}`)
    return (answer.body as Record<string, unknown>)[field]
  }
  expect([await kept('Two__c', 1.005), await kept('Two__c', -2.345), await kept('Two__c', 1e-7)]).toEqual([
    1.01, -2.35, 0,
  ])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -90_000, max: 90_000 }), async (thousandths) => {
      expect(await kept('Many__c', thousandths / 1_000)).toBe(thousandths / 1_000 || 0)
    }),
    { numRuns: 30 },
  )
})

test('one number is one key, however it is written in the path', async () => {
  const upsert = (key: string) => salesforce.call('PATCH', `/sobjects/Contact/Number__c/${key}`, { LastName: 'X' })
  expect(await upsert('12')).toMatchObject({ status: 201 })
  for (const key of ['12.0', '1.2e1', '%2B12']) expect(await upsert(key)).toMatchObject({ status: 200 })
})

test('several choices come back in the order of their list and once each, however they were sent', async () => {
  const { id } = (await create({})).body as { id: string }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...roles), { minLength: 1, maxLength: 9 }), async (chosen) => {
      await salesforce.call('PATCH', `/sobjects/Contact/${id}`, { Roles__c: chosen.join(';') })
      const [row] = await salesforce.query(`SELECT Roles__c FROM Contact WHERE Id = '${id}'`)
      expect(row?.['Roles__c']).toBe(roles.filter((role) => chosen.includes(role)).join(';'))
    }),
    { numRuns: 30 },
  )
  await salesforce.call('PATCH', `/sobjects/Contact/${id}`, { Roles__c: ';Z;Other;;A;Evaluator;' })
  expect(await salesforce.query(`SELECT Roles__c FROM Contact WHERE Id = '${id}'`)).toEqual([
    { Roles__c: 'Evaluator;Other;Z;A' },
  ])
  await salesforce.call('PATCH', `/sobjects/Contact/${id}`, { Roles__c: ';' })
  expect(await salesforce.query(`SELECT Roles__c FROM Contact WHERE Id = '${id}'`)).toEqual([{ Roles__c: null }])
})
