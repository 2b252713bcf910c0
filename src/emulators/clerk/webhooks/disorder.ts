import type { Random } from '../../kit/random.ts'

/**
 * How unreliable the delivery is on purpose. Svix promises neither order nor uniqueness; it just rarely breaks them in a test.
 * All figures are probabilities of a message to one endpoint, save `maxDelayMs`.
 */
export type Disorder = {
  /** Sent twice, with the same id. */
  twice: number
  /** Sent late, by up to `maxDelayMs`. */
  delayed: number
  maxDelayMs: number
  /** Held back until up to five later messages have overtaken it. */
  shuffled: number
}

export const order: Disorder = { twice: 0, delayed: 0, maxDelayMs: 0, shuffled: 0 }

/** What is done to one message on its way to one endpoint. */
export type Fate = {
  /** Wait before the first attempt, and before the second copy where there is one. */
  delaysMs: readonly [number] | readonly [number, number]
  /** Messages that go first. */
  behind: number
}

/** Draws a fate. The same numbers are drawn whatever the settings, so that changing one leaves the others' outcome alone. */
export const drawFate = (random: Random, disorder: Disorder): Fate => {
  const draws = Array.from({ length: 6 }, () => random.next())
  const [twice = 1, delayed = 1, delay = 0, secondDelay = 0, shuffled = 1, behind = 0] = draws
  const first = delayed < disorder.delayed ? Math.round(delay * disorder.maxDelayMs) : 0
  return {
    delaysMs: twice < disorder.twice ? [first, Math.round(secondDelay * disorder.maxDelayMs)] : [first],
    behind: shuffled < disorder.shuffled ? 1 + Math.floor(behind * 5) : 0,
  }
}
