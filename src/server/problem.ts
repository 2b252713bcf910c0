import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** The one shape of every error that the server answers with. */
export type Problem = { error: { code: string; message: string } }

/** Answers with an error: a code for programs, a sentence for people. */
export const problem = (
  c: Context,
  status: ContentfulStatusCode,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Response => c.json({ error: { code, message } } satisfies Problem, status, headers)
