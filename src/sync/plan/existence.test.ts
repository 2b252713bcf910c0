import { expect, test } from 'vitest'
import { baseAt } from './existence.ts'

const base = { Title: 'CEO', Department: 'Law', Email: null }
const present = { state: 'present', id: 'two', fields: { Title: 'CFO', Department: null }, version: 1 } as const

test('the base holds for the record that it was agreed on with', () => {
  expect(baseAt(base, 'two', present)).toBe(base)
  expect(baseAt(base, 'one', { state: 'absent' })).toBe(base)
  expect(baseAt(null, 'one', present)).toBeNull()
})

test('for a record that took the place of another, or of one that was given away, what it leaves blank was never agreed on', () => {
  expect(baseAt(base, 'one', present)).toEqual({ Title: 'CEO' })
  expect(baseAt(base, null, present)).toEqual({ Title: 'CEO' })
})
