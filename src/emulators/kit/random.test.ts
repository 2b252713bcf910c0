import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed)
    return [random.next(), random.int(1000), random.text(27), random.pick(['a', 'b', 'c'])]
  }
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
})

test('numbers stay within their bounds and texts within their alphabet', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 1_000 }), (seed, below) => {
      const random = seededRandom(seed)
      const [next, int] = [random.next(), random.int(below)]
      expect(next >= 0 && next < 1).toBe(true)
      expect(int >= 0 && int < below && Number.isInteger(int)).toBe(true)
      expect(random.text(12, 'ab')).toMatch(/^[ab]{12}$/)
    }),
  )
})

test('every member of a list is picked about as often, and an empty list is refused', () => {
  const random = seededRandom(3)
  const counts = new Map<string, number>()
  for (let i = 0; i < 3_000; i++) {
    const picked = random.pick(['a', 'b', 'c'])
    counts.set(picked, (counts.get(picked) ?? 0) + 1)
  }
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150)
  expect(() => random.pick([])).toThrow('the list is empty')
})
