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
    makeField({ name: 'LastViewedDate', type: 'datetime' }),
  ],
}
const row = {
  Name: "O'Neil 50%",
  Industry: 'Banking',
  NumberOfEmployees: 1_200,
  Active__c: true,
  Key__c: 'Ab',
  LastViewedDate: Date.UTC(2026, 0, 5, 9),
}
const header = { changeType: 'UPDATE', entityName: 'Account' }

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
  ['LastViewedDate > 2021-11-03T09:30:11-08:00', true],
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

test('a filter knows the fields of the object that it looks at', () => {
  const { fields } = parseFilter(
    account,
    "Industry = 'x' AND ChangeEventHeader.changeType = 'UPDATE' AND Industry != 'y'",
  )
  expect(fields).toEqual(['Industry'])
})

test.each([
  ['Missing__c = 1', 'Account has no field Missing__c'],
  ["ChangeEventHeader.recordIds = 'x'", 'is a list'],
  ["ChangeEventHeader.nothing = 'x'", 'there is no ChangeEventHeader.nothing'],
  ['Industry = Banking', 'Banking is no value'],
  ["Industry = 'x' AND Name = 'y' OR Name = 'z'", 'do not mix'],
  ["(Industry = 'x'", 'ends too early'],
  ["Industry = 'x' Name", 'unexpected Name'],
  ["Industry CONTAINS 'x'", 'contains is no operator'],
  ['Industry = "x"', 'unexpected'],
])('%s is refused: %s', (expression, reason) => {
  expect(() => parseFilter(account, expression)).toThrow(reason)
})
