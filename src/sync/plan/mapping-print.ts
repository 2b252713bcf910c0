/** A mapping in words, so that another one can be compared with it: what a changed mapping changes. */
import { createHash } from 'node:crypto'
import { mappedEntities } from './known-fields.ts'
import { compileRules, type FieldMapping, type MappingConfig, objectOf } from './mapping.ts'

/** Every field and policy that decides what is written, each in words. */
export type MappingPrint = { readonly [what: string]: string }

/** `before` null: it is new; `after` null: it is gone. */
export type MappingChange = { what: string; before: string | null; after: string | null }

/** A function by its text. What it refers to is not in it: a change there goes unnoticed. */
const sourceOf = (from: string | ((...given: never[]) => unknown)): string =>
  typeof from === 'string'
    ? from
    : `a function (${createHash('sha256').update(String(from)).digest('hex').slice(0, 8)})`

const fieldsOf = (config: MappingConfig): [string, string][] => {
  const rules = compileRules(config)
  return mappedEntities.flatMap((entity) => {
    const custom: { readonly [field: string]: string | FieldMapping<never> | false } = config[entity]?.fields ?? {}
    return rules[entity].fields.map(({ field, rule, to }): [string, string] => {
      const given = custom[field]
      const from = typeof given === 'object' ? given.from : typeof given === 'string' ? given : 'its default'
      return [`${objectOf[entity]}.${field}`, `${rule}, from ${sourceOf(from)}${to === undefined ? '' : `, to ${to}`}`]
    })
  })
}

/** A mapping in words. */
export const printMapping = (config: MappingConfig): MappingPrint => {
  const { person, organization, membershipEnded, userDeleted, organizationDeleted } = compileRules(config)
  const { match } = organization
  return {
    ...Object.fromEntries(fieldsOf(config)),
    'person.adopt': String(person.adopt),
    'person.primaryAccount': person.primaryAccount,
    'organization.match': match ? `${match.field}, from ${sourceOf(match.from)}, as ${match.as ?? 'text'}` : 'none',
    'policies.membershipEnded': membershipEnded,
    'policies.userDeleted': userDeleted,
    'policies.organizationDeleted': organizationDeleted,
  }
}

/** A short text that is the same for the same mapping. */
export const digestMapping = (config: MappingConfig): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(printMapping(config)).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex')
    .slice(0, 16)

/** What is different, in the order of names. */
export const compareMappings = (before: MappingPrint, after: MappingPrint): MappingChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .map((what) => ({ what, before: before[what] ?? null, after: after[what] ?? null }))
    .filter((change) => change.before !== change.after)

/** A change for a person to read. */
export const renderMappingChange = ({ what, before, after }: MappingChange): string =>
  before === null
    ? `${what} is new: ${after}`
    : after === null
      ? `${what} is gone; it was: ${before}`
      : `${what}: ${after}; before: ${before}`
