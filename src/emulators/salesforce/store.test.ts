import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeId, toId15, toId18 } from './ids.ts'
import { makeField, makeObject } from './schema.ts'
import { createStore, keyOf, type Value } from './store.ts'

const loose = makeField({ name: 'Email', type: 'email', length: 80, indexed: true })
const exact = makeField({
  name: 'Key__c',
  type: 'string',
  length: 64,
  indexed: true,
  unique: true,
  caseSensitive: true,
})
const person = makeObject({
  name: 'Contact',
  label: 'Contact',
  labelPlural: 'Contacts',
  viewAll: true,
  keyPrefix: '003',
  createable: true,
  updateable: true,
  deletable: true,
  queryable: true,
  fields: [makeField({ name: 'Id', type: 'id' }), loose, exact],
})
const open = () =>
  createStore(
    [person],
    () => 0,
    () => 0,
  )

const value = fc.constantFrom<Value>(null, 'a', 'A', 'b')
const put = fc.record({ id: fc.nat(5), email: value, key: value, fails: fc.boolean() })

test('an index finds what reading everything finds, whatever was put and taken back', () => {
  fc.assert(
    fc.property(fc.array(fc.array(put, { maxLength: 4 }), { maxLength: 12 }), (batches) => {
      const store = open()
      const model = new Map<string, { Email: Value; Key__c: Value }>()
      for (const batch of batches) {
        const before = new Map(model)
        try {
          store.atomically(() => {
            for (const { id, email, key, fails } of batch) {
              const Id = makeId('003', id + 1)
              store.put('Contact', { Id, Email: email, Key__c: key })
              model.set(Id, { Email: email, Key__c: key })
              if (fails) throw new Error('taken back')
            }
          })
        } catch {
          model.clear()
          for (const [id, row] of before) model.set(id, row)
        }
      }
      expect([...store.ids('Contact')].sort()).toEqual([...model.keys()].sort())
      for (const field of [loose, exact]) {
        for (const wanted of ['a', 'A', 'b']) {
          const found = store.find('Contact', field, wanted).map((row) => row.Id)
          const expected = [...model].filter(
            ([, row]) => keyOf(field, row[field.name as 'Email']) === keyOf(field, wanted),
          )
          expect(found.sort()).toEqual(expected.map(([id]) => id).sort())
        }
      }
    }),
  )
})

test('ids ascend as they are made, and both lengths mean the same', () => {
  const ids = Array.from({ length: 5_000 }, (_, i) => makeId('003', i + 1))
  expect([...ids].sort()).toEqual(ids)
  for (const id of ids.slice(0, 100)) expect(toId18(toId15(id))).toBe(id)
})

test('the case checksum is that of a known id, and a wrong one is no id', () => {
  expect(toId18('001D000000IqhSL')).toBe('001D000000IqhSLIAZ')
  expect(toId18('001D000000IqhSLIAA')).toBeUndefined()
  expect(toId18('nonsense')).toBeUndefined()
})

test('ids from one on are those that a scan would give', () => {
  const store = open()
  const ids = Array.from({ length: 10 }, (_, i) => makeId('003', i + 1))
  for (const Id of ids) store.put('Contact', { Id })
  expect(store.idsFrom('Contact', ids[3] ?? '', false)).toEqual(ids.slice(4))
  expect(store.idsFrom('Contact', ids[3] ?? '', true)).toEqual(ids.slice(3))
})
