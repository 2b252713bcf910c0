/** Comparing what a side holds with what it should hold, record by record and field by field. */

/** One value of a field; a list where either is right. */
export type Expectation = string | boolean | null | readonly string[]
export type Expected = { readonly [field: string]: Expectation }

/** A side holds one thing, and the other side (or the story) says another. */
export type Difference = { object: string; record: string; field: string; expected: string; found: string }

export type Checked = { records: number; fields: number; differences: Difference[] }

/** A record of either side; `read` gives a field in the form of the expectation. */
export type Compared<R> = { object: string; read: (record: R, field: string) => unknown; name: (record: R) => string }

const shown = (value: unknown): string => (value === null || value === undefined ? 'nothing' : String(value))

/** An e-mail address is the same in any letters: an adopted Contact keeps the spelling of whoever typed it in. */
const spelling = (field: string, value: unknown): unknown =>
  field === 'Email' && typeof value === 'string' ? value.toLowerCase() : value

const holds = (field: string, value: unknown, expected: Expectation): boolean =>
  typeof expected === 'object' && expected !== null
    ? expected.some((one) => one === value)
    : spelling(field, value) === spelling(field, expected)

/** Fields of one record that are not as expected. */
export const compareRecord = <R>(
  { object, read }: Compared<R>,
  key: string,
  actual: R,
  expected: Expected,
): Difference[] =>
  Object.entries(expected).flatMap(([field, wanted]) => {
    const value = read(actual, field)
    if (holds(field, value, wanted)) return []
    const list = typeof wanted === 'object' && wanted !== null ? wanted.join(' or ') : shown(wanted)
    return [{ object, record: key, field, expected: list, found: shown(value) }]
  })

/** A record that is there and should not be, or the other way round. */
export const presence = (object: string, record: string, expected: string, found: string): Difference => ({
  object,
  record,
  field: 'the record',
  expected,
  found,
})

/** Compares all records that have a key: each expected one is there once and as expected, and there are no others. */
export const compareKeyed = <R>(
  compared: Compared<R>,
  records: readonly { key: string; record: R }[],
  expected: ReadonlyMap<string, Expected>,
): Difference[] => {
  const { object, name } = compared
  const byKey = Map.groupBy(records, ({ key }) => key)
  const wanted = [...expected].flatMap(([key, fields]) => {
    const [first, ...more] = byKey.get(key) ?? []
    if (!first) return [presence(object, key, 'one', 'none')]
    return [
      ...more.map(({ record }) => presence(object, key, 'one', `another, ${name(record)}`)),
      ...compareRecord(compared, key, first.record, fields),
    ]
  })
  const strangers = [...byKey].filter(([key]) => !expected.has(key))
  return [
    ...wanted,
    ...strangers.flatMap(([key, [first]]) =>
      first ? [presence(object, key, 'none', `one, ${name(first.record)}`)] : [],
    ),
  ]
}

/** How much was compared. */
export const countOf = (all: readonly Expected[]): Pick<Checked, 'records' | 'fields'> => ({
  records: all.length,
  fields: all.reduce((sum, fields) => sum + Object.keys(fields).length, 0),
})
