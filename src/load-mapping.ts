import { statSync } from 'node:fs'
import { basename, extname } from 'node:path'
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

const extensions = ['.ts', '.mts', '.js', '.mjs']

const isFolder = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false

/** Where in a file: Node puts `path:line` before a syntax error, and the place of a thrown error on its stack. */
const placeOf = (file: string, stack: string): string => {
  const path = stack.includes(`${file}:`) ? file : pathToFileURL(file).href
  const [line] = /^\d+/.exec(stack.split(`${path}:`)[1] ?? '') ?? []
  return line === undefined ? '' : `${basename(file)}:${line}: `
}

/** What to do about it; nothing where the error says it all. By Node's words, because not all of these have a code. */
const hintFor = (message: string): string => {
  if (/outside a module|Unexpected token 'export'/.test(message))
    return '; add "type": "module" to package.json, or name the file clerkforce.config.mts'
  if (/Cannot find package 'clerkforce'/.test(message))
    return '; install clerkforce here (npm i), or export a plain object'
  if (/Cannot find module '[^']*[\\/]dist[\\/]index\.js'/.test(message))
    return '; clerkforce is not built: npm run build'
  return ''
}

/** Says in one line why a mapping's file could not be imported, and what to do; it follows the name of the setting. */
const explainLoadError = (file: string, error: unknown): string => {
  if (isFolder(file)) return 'is a folder; name the file in it'
  const known = extensions.join(', ')
  if (!extensions.includes(extname(file))) return `must be TypeScript or JavaScript: its name must end in ${known}`
  if (!(error instanceof Error)) return `cannot be loaded: it threw ${String(error)}`
  const [message = ''] = error.message.split('\n')
  return `cannot be loaded: ${placeOf(file, error.stack ?? '')}${message}${hintFor(message)}`
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
    throw new SettingError(`${name} ${explainLoadError(file, error)}`, { cause: error })
  }
  return checkMappingShape(loaded['default'] ?? loaded['config'], name)
}
