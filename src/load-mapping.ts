import { pathToFileURL } from 'node:url'
import { SettingError } from './errors.ts'
import type { Entity } from './model/model.ts'
import { pathFault } from './sync/plan/known-fields.ts'
import type { MappingConfig } from './sync/plan/mapping.ts'
import { rules } from './sync/plan/merge.ts'

/*
 * Reads clerkforce.config.ts and checks its shape: what TypeScript would have said, for those who run it without. Each fault is one line with
 * the path of what is wrong. Whether the named fields exist and can be written is another question, which only the org can answer.
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

const boolean: Check = (value, path) => (typeof value === 'boolean' ? [] : [`${path} must be true or false`])

const text: Check = (value, path) =>
  typeof value === 'string' && value.trim() !== '' ? [] : [`${path} must be a text`]

const source =
  (entity: Entity): Check =>
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

const fields = (entity: Entity): Check => {
  const from = source(entity)
  const fieldMapping = object({ from, rule: oneOf(rules), cut: boolean }, ['from'])
  return (value, path) => {
    if (!isObject(value)) return [`${path} must be an object of Salesforce fields`]
    return Object.entries(value).flatMap(([field, one]) => {
      if (one === false) return []
      if (typeof one === 'string') return from(one, `${path}.${field}`)
      if (isObject(one)) return fieldMapping(one, `${path}.${field}`)
      return [`${path}.${field} must be a path, false, or { from, rule, cut }`]
    })
  }
}

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
  }),
})

/**
 * Checks that a value has the shape of a mapping.
 * @param name of where it came from, for the error.
 * @throws SettingError with a line for each fault.
 */
export const checkMappingShape = (value: unknown, name: string): MappingConfig => {
  const faults = isObject(value) ? mapping(value, '') : ['it must export an object, by default or as `config`']
  if (faults.length > 0) throw new SettingError(faults.map((fault) => `${name}: ${fault}.`).join('\n'))
  return value as MappingConfig
}

/**
 * Loads the mapping from a file; without one, everything has its default.
 * @throws SettingError when the file cannot be run or is not a mapping.
 */
export const loadMapping = async (file: string | undefined): Promise<MappingConfig> => {
  if (file === undefined) return {}
  const name = `CLERKFORCE_CONFIG (${file})`
  let loaded: Record<string, unknown>
  try {
    loaded = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new SettingError(`${name} cannot be loaded: ${line}`, { cause: error })
  }
  return checkMappingShape(loaded['default'] ?? loaded['config'], name)
}
