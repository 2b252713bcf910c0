import { type MappedEntity, pathFault, writableFault } from './known-fields.ts'
import { type FieldMapping, targetOf } from './mapping.ts'
import { rules } from './merge.ts'

/*
 * The shape of a mapping: what TypeScript would have said, for those who run it without. Each fault is one line with the path of what is
 * wrong. Whether the named fields exist and can be written in Salesforce is another question, which only the org can answer.
 */

/** Says what is wrong with a value at a path; nothing when it is right. */
type Check = (value: unknown, path: string) => string[]

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const list = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ')

const oneOf =
  (words: readonly string[]): Check =>
  (value, path) =>
    typeof value === 'string' && words.includes(value) ? [] : [`${path} must be one of ${list(words)}`]

const wholeNumber =
  (from: number, to: number): Check =>
  (value, path) =>
    Number.isInteger(value) && Number(value) >= from && Number(value) <= to
      ? []
      : [`${path} must be a whole number from ${from} to ${to}`]

const boolean: Check = (value, path) => (typeof value === 'boolean' ? [] : [`${path} must be true or false`])

const text: Check = (value, path) =>
  typeof value === 'string' && value.trim() !== '' ? [] : [`${path} must be a text`]

const source =
  (entity: MappedEntity): Check =>
  (value, path) => {
    if (typeof value === 'function') return []
    if (typeof value !== 'string') return [`${path} must be a path or a function`]
    const fault = pathFault(entity, value)
    return fault === undefined ? [] : [`${path} ${fault}`]
  }

/** An object with these keys and no others. */
const object =
  (keys: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value, path) => {
    if (!isObject(value)) return [`${path} must be an object`]
    const missing = required.filter((key) => value[key] === undefined).map((key) => `${path}.${key} is missing`)
    const wrong = Object.entries(value).flatMap(([key, inner]) => {
      const check = Object.hasOwn(keys, key) ? keys[key] : undefined
      const at = path === '' ? key : `${path}.${key}`
      if (!check) return [`${at} is not known; ${path || 'the mapping'} may have ${list(Object.keys(keys))}`]
      return inner === undefined ? [] : check(inner, at)
    })
    return [...missing, ...wrong]
  }

/** What a field's `to` may be, given the rest of its mapping. */
const targetFaults = (entity: MappedEntity, { from, to, rule }: Record<string, unknown>, path: string): string[] => {
  if (to === undefined) return []
  if (typeof to !== 'string') return [`${path}.to must be a path`]
  const fault = writableFault(entity, to)
  if (fault !== undefined) return [`${path}.to ${fault}`]
  if (rule === undefined || rule === 'clerk')
    return [`${path}.to has no use: under the rule 'clerk' Clerk is never written; give another rule, or take it out`]
  // What was carried would never be read again: the two sides would differ for ever.
  return typeof from === 'string' && from !== to
    ? [`${path}.to is '${to}', but from reads '${from}': let both be the same, or give a function that reads '${to}'`]
    : []
}

/** Two fields that write the same place in Clerk would overwrite each other; so would a place inside another. */
const sharedTargets = (entity: MappedEntity, value: Record<string, unknown>, path: string): string[] => {
  const targets = Object.entries(value).flatMap(([field, one]) => {
    const to = isObject(one) ? targetOf(entity, one as FieldMapping<never>) : undefined
    return typeof to === 'string' ? [{ field, to }] : []
  })
  return targets.flatMap(({ field, to }, i) => {
    const other = targets
      .slice(0, i)
      .find((one) => `${one.to}.`.startsWith(`${to}.`) || `${to}.`.startsWith(`${one.to}.`))
    if (!other) return []
    const where = other.to === to ? `'${to}'` : `'${other.to}' and '${to}'`
    return [`${path}: ${other.field} and ${field} both write ${where} in Clerk: one place takes the value of one field`]
  })
}

const fields = (entity: MappedEntity): Check => {
  const from = source(entity)
  const anything: Check = () => []
  const fieldMapping = object({ from, to: anything, rule: oneOf(rules), cut: boolean }, ['from'])
  const one: Check = (value, path) => {
    if (value === false) return []
    if (typeof value === 'string') return from(value, path)
    if (isObject(value)) return [...fieldMapping(value, path), ...targetFaults(entity, value, path)]
    return [`${path} must be a path, false, or { from, to, rule, cut }`]
  }
  return (value, path) => {
    if (!isObject(value)) return [`${path} must be an object of Salesforce fields`]
    const faults = Object.entries(value).flatMap(([field, mapping]) => one(mapping, `${path}.${field}`))
    return faults.length > 0 ? faults : sharedTargets(entity, value, path)
  }
}

/** Switched off, or as the check says. */
const unlessOff =
  (check: Check): Check =>
  (value, path) =>
    value === false ? [] : isObject(value) ? check(value, path) : [`${path} must be false or an object`]

const condition = object(
  {
    field: text,
    equals: (value, path) =>
      boolean(value, path).length === 0 || text(value, path).length === 0 || Number.isFinite(value)
        ? []
        : [`${path} must be a text, a number, true or false`],
  },
  ['field', 'equals'],
)
const when: Check = (value, path) =>
  text(value, path).length === 0
    ? []
    : isObject(value)
      ? condition(value, path)
      : [`${path} must be the name of a checkbox field, or { field, equals }`]

const webAddress: Check = (value, path) =>
  typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? '')
    ? []
    : [`${path} must be an http:// or https:// address`]

/** What both features have. */
const guards = { when, approval: boolean, perHour: wholeNumber(1, 100_000) }

const mapping = object({
  person: object({ fields: fields('person'), adopt: boolean, primaryAccount: oneOf(['blank', 'always']) }),
  organization: object({
    fields: fields('organization'),
    match: object({ field: text, from: source('organization'), as: oneOf(['domain', 'text']) }, ['field', 'from']),
  }),
  membership: object({ fields: fields('membership') }),
  policies: object({
    membershipEnded: oneOf(['deactivate', 'unlink', 'keep']),
    userDeleted: oneOf(['deactivate', 'anonymise', 'delete', 'keep']),
    organizationDeleted: oneOf(['deactivate', 'keep']),
    userErased: oneOf(['anonymise', 'delete', 'keep']),
  }),
  provision: unlessOff(
    object({
      ...guards,
      slug: (value, path) =>
        typeof value === 'function' || text(value, path).length === 0
          ? []
          : [`${path} must be the name of an Account field or a function`],
      maxAllowedMemberships: wholeNumber(0, 1_000_000),
    }),
  ),
  invite: unlessOff(
    object({
      ...guards,
      role: (value, path) =>
        typeof value === 'string' && /^org:[a-z0-9_]+$/.test(value)
          ? []
          : [`${path} must be the key of a role, such as 'org:member'`],
      redirectUrl: webAddress,
      expiresInDays: wholeNumber(1, 365),
    }),
  ),
  fights: object({ reversals: wholeNumber(2, 1000), withinMinutes: wholeNumber(1, 1440) }),
})

/** What is wrong with the shape of a mapping, a text for each fault; none when it is right. */
export const shapeFaults = (value: unknown): string[] =>
  isObject(value) ? mapping(value, '') : ['it must export an object, by default or as `config`']
