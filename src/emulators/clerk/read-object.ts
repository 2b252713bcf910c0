import type { Metadata } from './entities.ts'
import { ApiError, formError } from './errors.ts'

/** Reads one parameter; throws an ApiError that names it. */
export type Reader<T> = (value: unknown, param: string) => T
/** A reader for each parameter that a request may carry: any other is refused, as Clerk does. */
export type Shape<T> = { [K in keyof T]-?: Reader<Exclude<T[K], undefined>> }

const wrongType = (param: string, wanted: string): ApiError =>
  formError('form_param_type_invalid', param, 'is invalid', `${param} must be a ${wanted}.`)

export const text =
  (max: number = Number.POSITIVE_INFINITY): Reader<string> =>
  (value, param) => {
    if (typeof value !== 'string') throw wrongType(param, 'string')
    if (value.length > max)
      throw formError(
        'form_param_max_length_exceeded',
        param,
        'exceeds maximum length',
        `${param} should not exceed ${max} characters.`,
      )
    return value
  }

export const flag: Reader<boolean> = (value, param) => {
  if (typeof value !== 'boolean') throw wrongType(param, 'boolean')
  return value
}

export const count =
  (min: number, max: number): Reader<number> =>
  (value, param) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(param, 'integer')
    if (value < min || value > max)
      throw formError('form_param_value_invalid', param, 'is invalid', `${param} must be from ${min} to ${max}.`)
    return value
  }

export const metadata: Reader<Metadata> = (value, param) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    // Not the code of other wrong types: the error index has one of its own for metadata (`FormMetadataInvalidType`).
    throw formError('form_param_value_invalid', param, 'is invalid', `${param} must be a valid key-value object.`)
  return value as Metadata
}

/** Whether a request names something. The empty string is a name that nothing has, not the absence of one: a forgotten variable must show. */
export const isGiven = (value: string | null | undefined): value is string => value !== null && value !== undefined

export const orNull =
  <T>(reader: Reader<T>): Reader<T | null> =>
  (value, param) =>
    value === null ? null : reader(value, param)

export const listOf =
  <T>(reader: Reader<T>, max: number = Number.POSITIVE_INFINITY): Reader<T[]> =>
  (value, param) => {
    if (!Array.isArray(value)) throw wrongType(param, 'list')
    if (value.length > max)
      throw formError(
        'form_param_array_size_exceeded',
        param,
        'exceeds maximum size',
        `${param} should not exceed ${max} items.`,
      )
    return value.map((item: unknown) => reader(item, param))
  }

export const oneOf =
  <T extends string>(...allowed: readonly T[]): Reader<T> =>
  (value, param) => {
    const found = allowed.find((candidate) => candidate === value)
    if (found === undefined)
      throw formError('form_param_value_invalid', param, 'is invalid', `${param} must be one of ${allowed.join(', ')}.`)
    return found
  }

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/** A time as RFC 3339 text, read into milliseconds. */
export const time: Reader<number> = (value, param) => {
  const ms = typeof value === 'string' && rfc3339.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms))
    throw formError(
      'form_param_invalid_time',
      param,
      'is invalid',
      `${param} must be a time as in RFC 3339, such as 2012-10-20T07:15:20.902Z.`,
    )
  return ms
}

/**
 * Reads a request's body by its shape.
 * @throws ApiError 422 for a parameter that is unknown, missing or of the wrong type.
 */
export const readObject = <T extends object>(
  body: unknown,
  shape: Shape<T>,
  required: readonly (keyof T & string)[] = [],
): T => {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiError(400, 'request_body_invalid', 'Request body invalid', {
      longMessage: 'The request body must be a JSON object.',
    })
  const given = new Map<string, unknown>(Object.entries(body))
  const readers = new Map<string, Reader<unknown>>(Object.entries(shape))
  const result: [string, unknown][] = []
  for (const [param, value] of given) {
    const reader = readers.get(param)
    if (!reader)
      throw formError('form_param_unknown', param, 'is unknown', `${param} is not a valid parameter for this request.`)
    result.push([param, reader(value, param)])
  }
  for (const param of required)
    if (!given.has(param)) throw formError('form_param_missing', param, 'is missing', `${param} must be included.`)
  // Each entry went through the reader that the shape has for its name.
  return Object.fromEntries(result) as T
}
