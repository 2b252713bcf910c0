/**
 * What waits for its answer, packed.
 *
 *   add -> portions of a thousand -> packed; answers wait beside them -> the last one of a portion -> unpacked -> out, each with its answer
 *
 * A bulk job takes seconds to many minutes, and of each of its rows more has to be known at its end than was sent: what is agreed then, why, what
 * Salesforce held before. As objects, two jobs of ten thousand rows that wait are 25 MiB, which live so long that V8 lets its heap grow by a
 * multiple of it. Nearly all of it is the same from row to row: packed, it is 2 MiB, and packing and unpacking a row takes some 30 µs.
 *
 * What it promises:
 * - Everything comes out with its own answer, once, in whatever order the answers come.
 * - Each portion is unpacked once for `values` and once for its end, and one at a time: what waits unpacked is answers, which are small.
 * - What comes out is an equal of what was added, not the same object; it has to be data (no functions), as for `structuredClone`.
 */
import { deserialize, serialize } from 'node:v8'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

export type Packed<T, A> = {
  /** How many were added. */
  count: () => number
  /** @param key what its answer will name; no two may have the same. @throws RangeError for one that is there */
  add: (key: string, one: T) => void
  /** All, in the order in which they were added. */
  values: () => Iterable<T>
  /** Notes an answer. Gives a whole portion with the last answer to it, and else nothing; so too for a key that has its answer or is unknown. */
  answer: (key: string, answer: A) => readonly [T, A][]
  /** All that has not come out yet, with the answers that there are. */
  rest: () => Iterable<[T, A | undefined]>
}

type Portion<T, A> = { rows: Map<string, T> | Buffer; size: number; answers: Map<string, A> }

/** Level 1 packs these as well as any other, in a fraction of the time. */
const pack = (rows: unknown): Buffer => deflateRawSync(serialize(rows), { level: 1 })

const unpack = <T>({ rows }: Portion<T, unknown>): ReadonlyMap<string, T> =>
  Buffer.isBuffer(rows) ? (deserialize(inflateRawSync(rows)) as Map<string, T>) : rows

/**
 * Nothing as yet. A portion that is not full stays unpacked.
 * @param portionRows enough that what they have in common pays, and few enough to unpack in a moment: about a thousand
 */
export const createPacked = <T, A>(portionRows: number): Packed<T, A> => {
  const portions = new Set<Portion<T, A>>()
  const portionOf = new Map<string, Portion<T, A>>()
  let filling: (Portion<T, A> & { rows: Map<string, T> }) | undefined
  let count = 0

  const begin = (): Portion<T, A> & { rows: Map<string, T> } => {
    const portion = { rows: new Map<string, T>(), size: 0, answers: new Map<string, A>() }
    portions.add(portion)
    return portion
  }

  const takeOut = (portion: Portion<T, A>): [T, A | undefined][] => {
    portions.delete(portion)
    if (portion === filling) filling = undefined
    return [...unpack(portion)].map(([key, one]) => {
      portionOf.delete(key)
      return [one, portion.answers.get(key)]
    })
  }

  return {
    count: () => count,
    add: (key, one) => {
      if (portionOf.has(key)) throw new RangeError(`${key} is there already: answers could not tell the two apart`)
      filling ??= begin()
      filling.rows.set(key, one)
      portionOf.set(key, filling)
      count++
      if (++filling.size < portionRows) return
      const full: Portion<T, A> = filling
      filling = undefined
      full.rows = pack(full.rows)
    },
    values: function* () {
      for (const portion of portions) yield* unpack(portion).values()
    },
    answer: (key, answer) => {
      const portion = portionOf.get(key)
      if (!portion || portion.answers.has(key)) return []
      portion.answers.set(key, answer)
      return portion.answers.size < portion.size ? [] : (takeOut(portion) as [T, A][])
    },
    rest: function* () {
      for (const portion of portions) yield* takeOut(portion)
    },
  }
}
