import type { Context } from 'hono'
import { ApiError, formError, invalidValue } from './errors.ts'
import { readObject, type Shape } from './read-object.ts'

/** What the routes' context carries besides the request. */
export type ClerkEnv = { Variables: { apiVersion: string } }
export type ClerkContext = Context<ClerkEnv>

/** An answer as Clerk sends it: the content type is exactly this, which `@clerk/backend` insists on. */
export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })

/**
 * Waits for the whole body, so that nothing comes between looking a record up and changing it: while a slow one arrives, another request may
 * delete the record. Pictures are left alone: they are kept nowhere, and are not text.
 */
export const receiveBody = async (c: Context): Promise<void> => {
  if (!/^multipart\//i.test(c.req.header('content-type') ?? '')) await c.req.text()
}

/** The request's JSON; an empty body reads as an empty object. @throws ApiError 400, 415 */
export const readJson = async (c: Context): Promise<unknown> => {
  const text = await c.req.text()
  if (text === '') return {}
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? ''))
    throw new ApiError(415, 'unsupported_content_type', 'Unsupported content type', {
      longMessage: 'The content type of the request must be application/json.',
    })
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiError(400, 'request_body_invalid', 'Request body invalid', {
      longMessage: 'The request body is not valid JSON.',
    })
  }
}

/** The request's body, read by its shape. */
export const readBody = async <T extends object>(
  c: Context,
  shape: Shape<T>,
  required: readonly (keyof T & string)[] = [],
): Promise<T> => readObject(await readJson(c), shape, required)

/** The request's list of bodies, each read by the same shape. @throws ApiError 400 for more than `max` of them */
export const readBodies = async <T extends object>(
  c: Context,
  shape: Shape<T>,
  required: readonly (keyof T & string)[],
  max: number,
): Promise<T[]> => {
  const given = await readJson(c)
  if (!Array.isArray(given) || given.length === 0)
    throw new ApiError(400, 'request_body_invalid', 'Request body invalid', {
      longMessage: 'The request body must be a list of at least one object.',
    })
  if (given.length > max)
    throw new ApiError(400, 'bulk_size_exceeded', 'bulk size exceeded', {
      longMessage: `Parameters exceed the maximum allowed bulk processing size of ${max}.`,
    })
  return given.map((item: unknown) => readObject(item, shape, required))
}

/** A path parameter of a route that has it. */
export const pathParam = (c: Context, name: string): string => c.req.param(name) ?? ''

const wholeNumber = (c: Context, name: string): number | undefined => {
  const value = c.req.query(name)
  if (value === undefined) return undefined
  if (!/^-?\d+$/.test(value))
    throw formError('form_param_type_invalid', name, 'is invalid', `${name} must be an integer.`)
  return Number(value)
}

/** A time in milliseconds. @throws ApiError 422 */
export const timeParam: (c: Context, name: string) => number | undefined = wholeNumber

export type Page = { limit: number; offset: number }

/**
 * `limit` and `offset`. More than 500 does not fail but falls back to the default of 10, as users of the real API report
 * (clerk-sdk-python issue 166).
 */
export const readPage = (c: Context): Page => {
  const limit = wholeNumber(c, 'limit') ?? 10
  const offset = wholeNumber(c, 'offset') ?? 0
  if (limit < 1) throw invalidValue('limit', 'limit must be at least 1.')
  if (offset < 0) throw invalidValue('offset', 'offset must be at least 0.')
  return { limit: limit > 500 ? 10 : limit, offset }
}

/** One page of a list that is already in order. */
export const slicePage = <T>(list: readonly T[], { limit, offset }: Page): T[] => list.slice(offset, offset + limit)

/** A page of a list and how long the whole list is. */
export type ListPage<T> = { page: T[]; total: number }

export const pageOf = <T>(list: readonly T[], page: Page): ListPage<T> => ({
  page: slicePage(list, page),
  total: list.length,
})

/** A parameter that may be repeated, with or without `[]` after its name. @throws ApiError 422 beyond 100 values */
export const listParam = (c: Context, name: string): string[] | undefined => {
  const values = [...(c.req.queries(name) ?? []), ...(c.req.queries(`${name}[]`) ?? [])]
  if (values.length > 100)
    throw formError(
      'form_param_array_size_exceeded',
      name,
      'exceeds maximum size',
      `${name} should not exceed 100 items.`,
    )
  return values.length > 0 ? values : undefined
}

/** `true` or `false`. @throws ApiError 422 */
export const flagParam = (c: Context, name: string): boolean | undefined => {
  const value = c.req.query(name)
  if (value === undefined) return undefined
  if (value !== 'true' && value !== 'false') throw invalidValue(name, `${name} must be true or false.`)
  return value === 'true'
}

/** A value with its sign. A plus sign that was not encoded arrives as a space, as in the documentation's own examples. */
export const readSign = (value: string): { excluded: boolean; value: string } => ({
  excluded: value.startsWith('-'),
  value: value.replace(/^[+\- ]/, ''),
})

export type Order<K extends string> = { key: K; descending: boolean }

/** `order_by`. @throws ApiError 422 for a key that the list does not know */
export const readOrder = <K extends string>(c: Context, keys: readonly K[], fallback: Order<K>): Order<K> => {
  const given = c.req.query('order_by')
  if (given === undefined || given === '') return fallback
  const { excluded, value } = readSign(given)
  const key = keys.find((candidate) => candidate === value)
  if (key === undefined) throw invalidValue('order_by', `order_by must be one of ${keys.join(', ')}.`)
  return { key, descending: excluded }
}

/** Compares by a key that may be missing; records without it come last when ascending, as in PostgreSQL. */
export const compareBy =
  <T extends { seq: number }>(key: (record: T) => string | number | null, descending: boolean) =>
  (a: T, b: T): number => {
    const [left, right] = [key(a), key(b)]
    const sign = descending ? -1 : 1
    if (left === right) return sign * (a.seq - b.seq)
    if (left === null) return sign
    if (right === null) return -sign
    return sign * (left < right ? -1 : 1)
  }
