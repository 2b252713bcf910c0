import { statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SettingError } from './errors.ts'
import type { MappingConfig } from './sync/plan/mapping.ts'
import { shapeFaults } from './sync/plan/mapping-shape.ts'

/* Reads clerkforce.config.ts, and says in one line what stands in the way. */

/**
 * Checks that a value has the shape of a mapping.
 * @param name of where it came from, for the error.
 * @throws SettingError with a line for each fault.
 */
export const checkMappingShape = (value: unknown, name: string): MappingConfig => {
  const faults = shapeFaults(value)
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
