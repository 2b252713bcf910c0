import { expect, test } from 'vitest'
import { CAST, staffOf } from './cast.ts'
import { STORY } from './story.ts'

const steps = STORY.flatMap((act) => act.steps)

const since = steps.flatMap((step) => (step.do === 'inherit' ? staffOf(step.company) : []))

test('everybody in the story is in the cast, and everybody in the cast was there before, signs up once, or is invited', () => {
  const named = steps.flatMap((step) => ('who' in step ? step.who : []))
  expect(new Set([...named, ...since])).toEqual(new Set(CAST.keys()))
  const signUps = [
    ...since,
    ...steps.flatMap((step) => (step.do === 'sign-up' || step.do === 'accept' ? step.who : [])),
  ]
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
