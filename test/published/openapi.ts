import { readFileSync } from 'node:fs'
import { type ErrorObject, Ajv2019 as Validator } from 'ajv/dist/2019.js'
import formats from 'ajv-formats'
import { parse } from 'yaml'

/*
 * Schemas of OpenAPI 3.0 as JSON Schema, which is what ajv checks.
 *
 * They differ in little: `nullable` becomes a choice with `null` (also beside `$ref`, `allOf` and `enum`, where a strict reading of
 * OpenAPI 3.0 would not let `null` pass although its authors wrote it down), a `discriminator` says which of `oneOf` counts, and
 * everything that is not about validity (examples, descriptions, extensions) is left out.
 */

type Json = Readonly<Record<string, unknown>>
export type Violation = { path: string; message: string }
/** What is wrong with a value: nothing, when it is valid. */
export type Check = (value: unknown) => Violation[]

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A document in YAML. @throws Error when it is not an object */
export const readDocument = (file: string): Json => {
  const document: unknown = parse(readFileSync(file, 'utf8'))
  if (!isObject(document)) throw new Error(`${file} is not an OpenAPI document`)
  return document
}

/** What a pointer such as `#/components/schemas/User` points to. */
export const resolve = (document: Json, pointer: string): Json => {
  let found: unknown = document
  for (const part of pointer.slice(2).split('/'))
    found = isObject(found) ? found[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  if (!isObject(found)) throw new Error(`nothing is at ${pointer}`)
  return found
}

const kept = ['type', 'enum', 'format', 'pattern', 'required', 'minimum', 'maximum', 'minLength', 'maxLength'] as const
const keptOfLists = ['minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'] as const

type Convert = (schema: unknown) => unknown

const convertMap = (map: unknown, convert: Convert): Json =>
  isObject(map) ? Object.fromEntries(Object.entries(map).map(([key, schema]) => [key, convert(schema)])) : {}

/** Without it, a value that fits two of the choices would be refused, and errors would name all of them. */
const discriminated = ({ oneOf, discriminator }: Json, convert: Convert): Json => {
  if (!Array.isArray(oneOf)) return {}
  const mapping = isObject(discriminator) ? discriminator['mapping'] : undefined
  if (!isObject(discriminator) || !isObject(mapping)) return { oneOf: oneOf.map(convert) }
  const property = String(discriminator['propertyName'])
  return {
    required: [property],
    properties: { [property]: { enum: Object.keys(mapping) } },
    allOf: Object.entries(mapping).map(([value, target]) => ({
      if: { properties: { [property]: { const: value } }, required: [property] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: convert({ $ref: target }),
    })),
  }
}

/** One schema; `base` is the id under which the document's other schemas are known. */
export const toJsonSchema = (schema: unknown, base: string): unknown => {
  if (!isObject(schema)) return schema
  const convert: Convert = (inner) => toJsonSchema(inner, base)
  if (schema['nullable'] === true) return { anyOf: [convert({ ...schema, nullable: false }), { type: 'null' }] }
  if (typeof schema['$ref'] === 'string') return { $ref: `${base}${schema['$ref']}` }
  const result: Record<string, unknown> = {}
  for (const key of [...kept, ...keptOfLists]) if (key in schema) result[key] = schema[key]
  if ('properties' in schema) result['properties'] = convertMap(schema['properties'], convert)
  for (const key of ['items', 'additionalProperties', 'unevaluatedProperties', 'not'])
    if (key in schema) result[key] = convert(schema[key])
  for (const key of ['allOf', 'anyOf']) {
    const list = schema[key]
    if (Array.isArray(list)) result[key] = list.map(convert)
  }
  const chosen = discriminated(schema, convert)
  if (!('oneOf' in schema)) return result
  return Object.keys(result).length === 0 ? chosen : { allOf: [result, chosen] }
}

const describe = ({ instancePath, message, params }: ErrorObject): Violation => ({
  path: instancePath || '/',
  message: `${message ?? 'is invalid'}${Object.keys(params).length > 0 ? ` ${JSON.stringify(params)}` : ''}`,
})

/** Makes checks of a document's schemas. `base` is an id for the document. */
export const createChecks = (document: Json, base: string): ((schema: unknown) => Check) => {
  const validator = new Validator({ strict: false, allErrors: true, validateFormats: true })
  // A package of CommonJS: its default export is the module itself.
  formats.default(validator)
  const schemas = convertMap(resolve(document, '#/components/schemas'), (schema) => toJsonSchema(schema, base))
  validator.addSchema({ $id: base, components: { schemas } })
  const known = new Map<unknown, Check>()
  return (schema) => {
    const check = known.get(schema)
    if (check) return check
    const validate = validator.compile(isObject(schema) ? (toJsonSchema(schema, base) as Json) : {})
    const made: Check = (value) => (validate(value) ? [] : (validate.errors ?? []).map(describe))
    known.set(schema, made)
    return made
  }
}
