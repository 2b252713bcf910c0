import { z } from 'zod'
import { ClerkError, isAbsent } from './clerk-error.ts'
import type { ClerkHttp } from './http.ts'
import { parseAs } from './schemas.ts'

/** Requests whose answers have been checked. `what` names the thing in errors, such as `user`. */
export type Calls = {
  get: <T>(path: string, schema: z.ZodType<T>, what: string) => Promise<T>
  /** All records of a listing that answers `{ data, total_count }`, however many pages. */
  list: <T extends { id: string }>(
    path: string,
    query: Record<string, string>,
    schema: z.ZodType<T>,
    what: string,
  ) => Promise<T[]>
  write: <T>(method: 'POST' | 'PATCH', path: string, body: object, schema: z.ZodType<T>, what: string) => Promise<T>
}

/** The most that Clerk takes; above it, the limit is reported to fall back to 10 without an error (clerk-sdk-python #166). */
const PAGE = 500

const pageSchema = z.looseObject({ data: z.array(z.unknown()), total_count: z.number() })

/** One try for each request, whatever comes of it. */
export function createCalls(http: ClerkHttp): Calls {
  async function get<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
    return readAs(schema, await http.request({ method: 'GET', path }), what)
  }

  /**
   * Follows `offset`, the only way to page that these listings have. A record that is removed meanwhile moves the ones behind it up, and one
   * of them may be missed at the seam of two pages; one that is added may come twice, and is given once.
   */
  async function list<T extends { id: string }>(
    path: string,
    query: Record<string, string>,
    schema: z.ZodType<T>,
    what: string,
  ): Promise<T[]> {
    const found = new Map<string, T>()
    for (let offset = 0; ; ) {
      const search = new URLSearchParams({ ...query, limit: String(PAGE), offset: String(offset) })
      const page = await get(`${path}?${search}`, pageSchema, what)
      const before = found.size
      for (const one of page.data) {
        const record = readAs(schema, one, what)
        found.set(record.id, record)
      }
      // By what came, not by what was asked for: a server that gives less at a time than we want must not cost us records.
      offset += page.data.length
      if (offset >= page.total_count || found.size === before) return [...found.values()]
    }
  }

  return {
    get,
    list,
    write: async (method, path, body, schema, what) =>
      readAs(schema, await http.request({ method, path, body }), what, 'lost-answer'),
  }
}

/** The path of a user; whatever the id holds, it does not lead out of it. */
export const userPath = (id: string): string => `/users/${encodeURIComponent(id)}`
/** The path of an organization, likewise. */
export const organizationPath = (id: string): string => `/organizations/${encodeURIComponent(id)}`

/** The answer, or undefined where Clerk itself says that there is no such record. */
export async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** An answer that cannot be read is as good as none: to a write, it is lost. */
function readAs<T>(schema: z.ZodType<T>, json: unknown, what: string, kind: 'refused' | 'lost-answer' = 'refused'): T {
  try {
    return parseAs(schema, json, what)
  } catch (cause) {
    throw new ClerkError(kind, 'UNREADABLE', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
