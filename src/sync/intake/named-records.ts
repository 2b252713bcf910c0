/** Which records of Clerk a webhook names, whether or not it can be read in full: what could not be read is what somebody will ask about. */

export type NamedRecord = { id: string; carried: boolean }

type Parsed = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Parsed => typeof value === 'object' && value !== null
const inside = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)

/** Anything longer or stranger than this is no id of Clerk's, and may be anything at all. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^\w{1,255}$/.test(value)

/** The records that the parsed JSON of a webhook names: the one that it is about, and those that a membership carries. */
export const recordsNamed = (webhook: unknown): NamedRecord[] => {
  const data = inside(webhook, 'data')
  const own = inside(data, 'id')
  const carried = [inside(inside(data, 'public_user_data'), 'user_id'), inside(inside(data, 'organization'), 'id')]
  return [
    ...(isId(own) ? [{ id: own, carried: false }] : []),
    ...carried.filter(isId).map((id) => ({ id, carried: true })),
  ]
}
