import { expect, test } from 'vitest'
import { z } from 'zod'
import { checkGiven } from './strict.ts'

const meal = z.strictObject({
  dish: z.literal(['soup', 'pie']),
  guests: z.array(z.strictObject({ name: z.string() })).optional(),
})
const bill = z.strictObject({ sum: z.int().min(1), split: z.union([z.literal(false), z.number()]).optional() })
const either = z.union([meal, bill])

const faultsOf = (schema: z.ZodType, value: unknown): string => {
  try {
    checkGiven('dine', schema, value)
    return 'none'
  } catch (error) {
    return error instanceof Error ? error.message : 'not an error'
  }
}

test('each fault is named with its place, what is wrong and what may stand there', () => {
  expect(faultsOf(meal, { dish: 'soup' })).toBe('none')
  expect(faultsOf(meal, { dish: 'stew', gests: 2, guests: [{ name: 'Ann' }, { nme: 'Bo' }] })).toBe(
    'dine: dish must be one of "soup", "pie", not "stew"; and guests[1].name is missing; it must be a text; and guests[1].nme is not known; known are name; and gests is not known; known are dish, guests',
  )
})

test('of alternatives the one that is meant is spoken of', () => {
  expect(faultsOf(either, { sum: 0 })).toBe('dine: sum must be at least 1, not 0')
  expect(faultsOf(either, { sum: 5, tip: 1 })).toBe('dine: tip is not known; known are sum, split')
  expect(faultsOf(z.union([either, z.array(either)]), [{ sum: 5 }, { dish: 'pie', sauce: 1 }])).toBe(
    'dine: [1].sauce is not known; known are dish, guests',
  )
  expect(faultsOf(bill, { sum: 5, split: 'two' })).toMatch(/^dine: split must be (false|a number), not "two"$/)
})

test('long values are cut and functions have a word', () => {
  expect(faultsOf(bill, { sum: 'x'.repeat(100) })).toBe(`dine: sum must be a number, not "${'x'.repeat(56)}...`)
  expect(faultsOf(bill, { sum: () => 1 })).toBe('dine: sum must be a number, not a function')
})
