import { expect, test } from 'vitest'
import { makeField } from '../schema.ts'
import { parseFilter } from './filter.ts'

const account = {
  name: 'Account',
  fields: [
    makeField({ name: 'Name', type: 'string' }),
    makeField({ name: 'Industry', type: 'picklist' }),
    makeField({ name: 'NumberOfEmployees', type: 'int' }),
    makeField({ name: 'Active__c', type: 'boolean', custom: true }),
    makeField({ name: 'Key__c', type: 'string', custom: true, unique: true, caseSensitive: true }),
    makeField({ name: 'LastModifiedDate', type: 'datetime' }),
    makeField({ name: 'SystemModstamp', type: 'datetime' }),
    makeField({ name: 'IsDeleted', type: 'boolean' }),
    makeField({ name: 'BillingCity', type: 'string' }),
    makeField({ name: 'ParentId', type: 'reference' }),
    makeField({ name: 'Since__c', type: 'date', custom: true }),
    makeField({ name: 'Opens__c', type: 'time', custom: true }),
    makeField({ name: 'Notes__c', type: 'textarea', length: 32_000, custom: true }),
    makeField({ name: 'Tags__c', type: 'multipicklist', custom: true }),
    ...Array.from({ length: 11 }, (_, i) => makeField({ name: `N${i}__c`, type: 'double', custom: true })),
  ],
}
const contact = {
  name: 'Contact',
  fields: [
    makeField({ name: 'Name', type: 'string' }),
    makeField({ name: 'FirstName', type: 'string' }),
    makeField({ name: 'LastName', type: 'string' }),
  ],
}
const row = {
  Name: "O'Neil 50%",
  Industry: 'Banking',
  NumberOfEmployees: 1_200,
  Active__c: true,
  Key__c: 'Ab',
  LastModifiedDate: Date.UTC(2026, 0, 5, 9),
  BillingCity: 'San Francisco',
  Since__c: '2026-01-05',
  Opens__c: '14:30:00.000Z',
  Tags__c: 'a;b',
}
const header = { changeType: 'UPDATE', entityName: 'Account', commitNumber: '1100823480049' }

test.each([
  ["Industry = 'BANKING'", true],
  ["Industry='Agriculture'", false],
  ["Industry LIKE 'b%g'", true],
  ["Name LIKE '%50_'", true],
  ["Name = 'O\\'Neil 50%'", true],
  ["Industry IN ('x', 'Banking')", true],
  ["Industry NOT IN ('x', 'Banking')", false],
  ["Key__c = 'Ab'", true],
  ["Key__c = 'ab'", false],
  ['NumberOfEmployees > 1000', true],
  ['NumberOfEmployees <= 1000', false],
  ['Active__c = true', true],
  ['LastModifiedDate > 2021-11-03T09:30:11-08:00', true],
  ['Since__c >= 2026-01-05', true],
  ['Opens__c = 14:30:00Z', true],
  ['Opens__c > 14:30:00Z', false],
  ["Tags__c = 'A;B'", true],
  ["BillingAddress.City = 'San Francisco'", true],
  ["billingaddress.city LIKE 'San%'", true],
  ['ChangeEventHeader.commitNumber > 1100000000000.0', true],
  ["NOT Industry = 'Banking'", false],
  ["NOT(Industry = 'Banking' AND NumberOfEmployees>2000)", true],
  ["(NOT(Industry = 'Agriculture')) AND (NumberOfEmployees>1000)", true],
  ["ChangeEventHeader.changeType = 'UPDATE'", true],
  ["ChangeEventHeader.changeType != 'UPDATE'", false],
  ["NumberOfEmployees > 1000 AND (Industry = 'Agriculture' OR Industry = 'Banking')", true],
  ["(NumberOfEmployees > 2000)OR(Industry = 'Banking')", true],
])('%s is %s', (expression, passes) => {
  expect(parseFilter(account, expression).passes({ row, header })).toBe(passes)
})

test('an empty field is no value, and differs from every value', () => {
  const empty = { row: {}, header }
  expect(parseFilter(account, "Industry = 'Banking'").passes(empty)).toBe(false)
  expect(parseFilter(account, "Industry != 'Banking'").passes(empty)).toBe(true)
  expect(parseFilter(account, 'Industry = null').passes(empty)).toBe(true)
  expect(parseFilter(account, 'NumberOfEmployees < 5').passes(empty)).toBe(false)
})

test('a checkbox without a value is false, and so is null beside a checkbox', () => {
  const empty = { row: {}, header }
  expect(parseFilter(account, 'Active__c = false').passes(empty)).toBe(true)
  expect(parseFilter(account, 'Active__c = null').passes(empty)).toBe(true)
  expect(parseFilter(account, 'Active__c != null').passes({ row, header })).toBe(true)
})

test('the name of a person is looked at by its parts, and that of a company as a whole', () => {
  const person = { row: { FirstName: 'Ada', LastName: 'Ba', Name: 'Ada Ba' }, header }
  expect(parseFilter(contact, "Name.LastName = 'ba'").passes(person)).toBe(true)
  expect(parseFilter(contact, "Name.FirstName = 'Ba'").passes(person)).toBe(false)
  expect(parseFilter(contact, "Name.LastName = 'ba'").fields).toEqual(['LastName'])
  expect(() => parseFilter(contact, "Name = 'Ada Ba'")).toThrow(
    'Compound field Name has to be used with a component field in a filter expression',
  )
  expect(() => parseFilter(contact, "LastName = 'Ba'")).toThrow(
    'The LastName field in the filter expression is invalid.',
  )
  expect(() => parseFilter(account, "Name.LastName = 'Ba'")).toThrow(
    'The Name.LastName field in the filter expression is invalid.',
  )
})

test('a filter has up to ten fields and 131,072 characters', () => {
  const comparisons = Array.from({ length: 11 }, (_, i) => `N${i}__c > 0`)
  expect(parseFilter(account, comparisons.slice(1).join(' AND ')).fields).toHaveLength(10)
  expect(() => parseFilter(account, comparisons.join(' AND '))).toThrow('more than 10 fields')
  expect(() => parseFilter(account, `Name = '${'x'.repeat(131_072)}'`)).toThrow('longer than 131072 characters')
})

test('a filter knows the fields of the object that it looks at', () => {
  const { fields } = parseFilter(
    account,
    "Industry = 'x' AND ChangeEventHeader.changeType = 'UPDATE' AND Industry != 'y'",
  )
  expect(fields).toEqual(['Industry'])
})

test.each([
  ['Missing__c = 1', 'The Missing__c field in the filter expression is invalid.'],
  ['IsDeleted = false', 'The IsDeleted field in the filter expression is invalid.'],
  ['SystemModstamp != null', 'The SystemModstamp field in the filter expression is invalid.'],
  ["Notes__c = 'x'", 'The Notes__c field in the filter expression is invalid.'],
  ["BillingCity = 'Rome'", 'The BillingCity field in the filter expression is invalid.'],
  ['BillingAddress = null', 'Compound field BillingAddress has to be used with a component field'],
  ["Owner.Username = 'x'", 'The Owner.Username field in the filter expression is invalid.'],
  ["ChangeEventHeader.recordIds = 'x'", 'is a list'],
  ["ChangeEventHeader.nothing = 'x'", 'The ChangeEventHeader.nothing field in the filter expression is invalid.'],
  ["WHERE Industry = 'x'", "filter expression has syntax errors: unexpected token: 'WHERE'"],
  ['Industry = Banking', "unexpected token: 'Banking'"],
  ['Industry = 5', "unexpected token: '5'"],
  ["NumberOfEmployees = '5'", "unexpected token: ''5''"],
  ['NumberOfEmployees > AnnualRevenue', "unexpected token: 'AnnualRevenue'"],
  ['NumberOfEmployees > 2147483648', 'A number format error occurred'],
  ['LastModifiedDate = TODAY', "unexpected token: 'TODAY'"],
  ['LastModifiedDate > 2026-01-05', "unexpected token: '2026-01-05'"],
  ['Opens__c = 14:30:00', "unexpected token: '14:30:00'"],
  ['Active__c > true', 'Only equality operators are supported for this field type or value.'],
  ['NumberOfEmployees > null', 'Only equality operators are supported for this field type or value.'],
  ["ParentId LIKE '001%'", 'The LIKE operator is not supported'],
  ["Tags__c INCLUDES ('a')", "unexpected token: 'INCLUDES'"],
  ["Industry = 'x' AND Name = 'y' OR Name = 'z'", "unexpected token: 'OR'"],
  ["NOT Industry = 'x' AND Name = 'y'", "unexpected token: 'AND'"],
  ["Name = 'y' AND NOT Industry = 'x'", "unexpected token: 'NOT'"],
  ["(Industry = 'x'", 'ends too early'],
  ["Industry = 'x' Name", "unexpected token: 'Name'"],
  ["Industry CONTAINS 'x'", "unexpected token: 'CONTAINS'"],
  ['Industry = "x"', 'unexpected token'],
])('%s is refused: %s', (expression, reason) => {
  expect(() => parseFilter(account, expression)).toThrow(reason)
})
