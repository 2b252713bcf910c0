import { expect, test } from 'vitest'
import { CAST } from './cast.ts'
import { STORY } from './story.ts'

const steps = STORY.flatMap((act) => act.steps)

test('everybody in the story is in the cast, and everybody in the cast signs up once, or is invited', () => {
  expect(new Set(steps.flatMap((step) => ('who' in step ? step.who : [])))).toEqual(new Set(CAST.keys()))
  const signUps = steps.flatMap((step) => (step.do === 'sign-up' || step.do === 'accept' ? step.who : []))
  expect(signUps.toSorted()).toEqual([...CAST.keys()].toSorted())
})

test('every address of the story can belong to nobody', () => {
  const addresses = [
    ...[...CAST.values()].map(({ email }) => email),
    ...steps.flatMap((step) => (step.do === 'email' ? step.email : [])),
  ]
  expect(addresses.filter((address) => !/^[a-z.]+@[a-z]+\.(example|test)$/.test(address))).toEqual([])
  expect(new Set(addresses).size).toBe(addresses.length)
})
