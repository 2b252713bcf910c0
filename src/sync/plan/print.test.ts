import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Fields, Value } from '../../model/model.ts'
import type { Plan } from './plan.ts'
import { printOf } from './print.ts'

const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
const name = fc.constantFrom('FirstName', 'LastName', 'Title', 'Level__c')
const values: fc.Arbitrary<Fields> = fc.dictionary(name, value)

const changeOf = (fields: Fields, before: Fields, id?: string): Plan => ({
  do: 'change',
  base: {},
  change: { kind: 'update', id, fields, before, why: {}, reason: 'whatever is said of it', weighs: false },
})

const self = (id: string): string => id
const turned = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).reverse())
const same = (a: Value, b: Value): boolean => Object.is(a, b)

test('the print of a plan is the same for the same values over the same values, in whatever order they come', () => {
  fc.assert(
    fc.property(values, values, (fields, before) => {
      expect(printOf('person', changeOf(turned(fields), turned(before), '003'), self)).toBe(
        printOf('person', changeOf(fields, before, '003'), self),
      )
    }),
  )
})

test('the print is another one for any other value, before or after, for one field more or fewer, and for another record', () => {
  fc.assert(
    fc.property(values, values, name, value, (fields, before, field, other) => {
      const print = printOf('person', changeOf(fields, before, '003'), self)
      const differs = !(field in fields) || !same(fields[field] ?? null, other)
      if (differs)
        expect(printOf('person', changeOf({ ...fields, [field]: other }, before, '003'), self)).not.toBe(print)
      if (field in fields && !same(before[field] ?? null, other))
        expect(printOf('person', changeOf(fields, { ...before, [field]: other }, '003'), self)).not.toBe(print)
      expect(printOf('person', changeOf(fields, before, '004'), self)).not.toBe(print)
      expect(printOf('person', changeOf(fields, before), self)).not.toBe(print)
    }),
  )
})

test('a record that is to be made goes by the Clerk id of whom it is for, so that its print stays the same once it is there', () => {
  const owners = new Map([
    ['new:org_1', 'org_1'],
    ['001A', 'org_1'],
    ['001B', 'org_2'],
  ])
  const print = (account: string): string =>
    printOf('person', changeOf({ AccountId: account }, {}), (id) => owners.get(id) ?? id)
  expect(print('001A')).toBe(print('new:org_1'))
  expect(print('001B')).not.toBe(print('new:org_1'))
})
