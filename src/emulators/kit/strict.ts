/**
 * What comes from outside and is not part of a vendor's API, read strictly: bodies of controls, what their namesakes in the process are given,
 * and options of a start.
 *
 * A setting that is misspelt and silently ignored makes a test pass for the wrong reason. So everything unknown is refused, and the refusal
 * says where it stands, what is wrong, and what may stand there instead. The texts are made from the schema, so that they cannot disagree
 * with it.
 */
import type { Context } from 'hono'
import { z } from 'zod'

/** A control was called wrongly; the text says how to call it. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly status: 400 | 403 | 404

  constructor(message: string, status: 400 | 403 | 404 = 400) {
    super(message)
    this.status = status
  }
}

type Issue = z.core.$ZodIssue
type Schema = z.core.$ZodType

/** The schema beneath optional, nullable, default and the like. */
const bare = (schema: Schema): Schema => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional || schema instanceof z.ZodNullable)
    return bare(schema.def.innerType)
  if (schema instanceof z.ZodReadonly) return bare(schema.def.innerType)
  return schema
}

/** The schema, or what it is a union of. */
const alternatives = (schema: Schema): Schema[] => {
  const here = bare(schema)
  return here instanceof z.ZodUnion ? here.def.options.flatMap(alternatives) : [here]
}

/** What may stand under a key: several schemas where there is a union on the way. */
const stepInto = (schemas: readonly Schema[], key: PropertyKey): Schema[] =>
  schemas.flatMap(alternatives).flatMap((here) => {
    if (here instanceof z.ZodObject) return here.def.shape[String(key)] ?? []
    if (here instanceof z.ZodArray) return here.def.element
    return here instanceof z.ZodRecord ? here.def.valueType : []
  })

const overlap = (keys: readonly string[], input: unknown): number =>
  typeof input === 'object' && input !== null ? keys.filter((key) => key in input).length : 0

/** The keys of the object that is meant: of several, the one that shares most keys with what was sent. */
const allowedKeys = (schemas: readonly Schema[], input: unknown): string => {
  const shapes = schemas
    .flatMap(alternatives)
    .flatMap((here) => (here instanceof z.ZodObject ? [Object.keys(here.def.shape)] : []))
    .sort((one, other) => overlap(other, input) - overlap(one, input))
  const [keys] = shapes
  if (!keys) return ''
  return keys.length === 0 ? '; nothing may stand here' : `; known are ${keys.join(', ')}`
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

const shown = (value: unknown): string => {
  if (typeof value === 'function') return 'a function'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

const placed = (path: readonly PropertyKey[]): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`)).join('')

/** The branch of a union that the value comes closest to: the one that gets furthest, then the one with the fewest complaints. */
const closest = (branches: readonly (readonly Issue[])[]): number => {
  const depth = (issues: readonly Issue[]) =>
    Math.max(0, ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)))
  const complaints = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)
  const rank = (index: number) => depth(branches[index] ?? []) * 100 - complaints(branches[index] ?? [])
  return branches.map((_, index) => index).reduce((best, index) => (rank(index) > rank(best) ? index : best), 0)
}

const worded = (issue: Issue, schema: Schema, before: readonly PropertyKey[]): string[] => {
  const path = [...before, ...issue.path]
  const at = issue.path.reduce<Schema[]>(stepInto, [schema])
  const place = placed(path)
  const must = (rule: string): string[] => {
    const subject = place === '' ? 'what is given' : place
    return [
      issue.input === undefined
        ? `${subject} is missing; it must be ${rule}`
        : `${subject} must be ${rule}, not ${shown(issue.input)}`,
    ]
  }
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${placed([...path, key])} is not known${allowedKeys(at, issue.input)}`)
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(shown)
    return must(values.length === 1 ? values.join(', ') : `one of ${values.join(', ')}`)
  }
  if (issue.code === 'invalid_union') {
    const index = closest(issue.errors)
    const branch = at.map(bare).flatMap((here) => (here instanceof z.ZodUnion ? here.def.options : []))[index]
    return (issue.errors[index] ?? []).flatMap((inner) =>
      worded({ ...inner, path: [...inner.path] }, branch ?? schema, path),
    )
  }
  if (issue.code === 'invalid_type') return must(kinds[issue.expected] ?? `of type ${issue.expected}`)
  if (issue.code === 'too_small' && (issue.origin === 'number' || issue.origin === 'int'))
    return must(`${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`)
  if (issue.code === 'too_big' && (issue.origin === 'number' || issue.origin === 'int'))
    return must(`at most ${issue.maximum}`)
  return issue.code === 'custom' ? must(issue.message) : [`${place}${place === '' ? '' : ': '}${issue.message}`]
}

/**
 * The value as its schema reads it.
 * @param fail makes the error from one text for each fault
 */
const readStrictly = <T>(schema: z.ZodType<T>, value: unknown, fail: (faults: string[]) => Error): T => {
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return result.data
  throw fail(result.error.issues.flatMap((issue) => worded(issue, schema, [])))
}

/** The value without what is undefined in its plain objects: in a process, unlike in JSON, a key may be there and say nothing. */
const withoutUndefined = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const said = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(said.map(([key, inner]) => [key, withoutUndefined(inner)]))
}

/**
 * What a function of ours was given in the process, checked as strictly as what comes over HTTP.
 * @throws TypeError that names every unknown key and every wrong value
 */
export const checkGiven = (name: string, schema: z.ZodType, value: unknown): void => {
  if (schema.safeParse(value).success) return
  readStrictly(schema, withoutUndefined(value), (faults) => new TypeError(`${name}: ${faults.join('; and ')}`))
}

const nameOf = (c: Context): string => `${c.req.method} ${c.req.path}`

/**
 * What a control was sent, checked; an empty body reads as an empty object.
 * @throws ControlError that says what is wrong and what is allowed
 */
export const readControl = async <T>(c: Context, schema: z.ZodType<T>): Promise<T> => {
  const text = await c.req.text()
  let json: unknown
  try {
    json = text.trim() === '' ? {} : (JSON.parse(text) as unknown)
  } catch (error) {
    throw new ControlError(
      `${nameOf(c)}: the body is not JSON (${error instanceof Error ? error.message : 'unreadable'})`,
    )
  }
  return readStrictly(schema, json, (faults) => new ControlError(`${nameOf(c)}: ${faults.join('; and ')}`))
}

/**
 * The query of a control, checked; all values are texts.
 * @throws ControlError
 */
export const readControlQuery = <T>(c: Context, schema: z.ZodType<T>): T =>
  readStrictly(
    schema,
    c.req.query(),
    (faults) => new ControlError(`${nameOf(c)}: in the query ${faults.join('; and ')}`),
  )

/** Nothing at all: for controls that take no body. */
export const nothing: z.ZodType<Record<string, never>> = z.strictObject({})

/** A length of time in milliseconds. */
export const duration: z.ZodType<number> = z.number().min(0)

/** A function, for options that only a caller in the process can give. */
export const callable = <F>(): z.ZodType<F> => z.custom<F>((value) => typeof value === 'function', 'a function')

/** A clock of the kit, or one like it. */
export const clockLike: z.ZodType = z.custom(
  (value) => typeof value === 'object' && value !== null && 'now' in value && 'sleep' in value,
  'a clock, such as manualClock() or systemClock()',
)
