import { z } from 'zod'

/**
 * What comes over the wire, strict on what we read and loose on the rest. Answers that come once in a while are zod schemas; the rows of
 * Collections and queries, thousands a second, are looked at by hand.
 */

export const TokenAnswer: z.ZodType<{ access_token: string; instance_url: string; id?: string | undefined }> = z.object(
  {
    access_token: z.string().min(1),
    instance_url: z.url({ protocol: /^https?$/ }),
    id: z.string().optional().catch(undefined),
  },
)

export const TokenRefusal: z.ZodType<{ error: string; error_description?: string | undefined }> = z.object({
  error: z.string(),
  error_description: z.string().optional(),
})

export const LimitsAnswer: z.ZodType<{ DailyApiRequests: { Max: number; Remaining: number } }> = z.object({
  DailyApiRequests: z.object({ Max: z.number(), Remaining: z.number() }),
})

/** One error of an answer that is not 2xx (`errorCode`), or of one row (`statusCode`). */
export type WireError = { code: string; message: string; fields: readonly string[] }

export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

/** Errors in either spelling; anything else in the list is passed over. */
export const errorsOf = (value: unknown): WireError[] =>
  (Array.isArray(value) ? value : [value]).filter(isObject).flatMap((error) => {
    const code = error['errorCode'] ?? error['statusCode']
    const message = error['message']
    return typeof code === 'string'
      ? [{ code, message: typeof message === 'string' ? message : '', fields: strings(error['fields']) }]
      : []
  })

/** The errors of an answer's text; none where it is not Salesforce's JSON but, say, a proxy's page. */
export const parseErrors = (text: string): WireError[] => {
  try {
    return errorsOf(JSON.parse(text))
  } catch {
    return []
  }
}

export type Subresponse = { status: number; body: unknown }

/** The subresponses of a Composite answer by `referenceId`; undefined where it is not one. */
export const subresponsesOf = (body: unknown): Map<string, Subresponse> | undefined => {
  const list = isObject(body) ? body['compositeResponse'] : undefined
  if (!Array.isArray(list)) return undefined
  const byReference = new Map<string, Subresponse>()
  for (const item of list) {
    if (!isObject(item) || typeof item['referenceId'] !== 'string' || typeof item['httpStatusCode'] !== 'number')
      return undefined
    byReference.set(item['referenceId'], { status: item['httpStatusCode'], body: item['body'] })
  }
  return byReference
}

export type QueryPage = { records: readonly unknown[]; next: string | undefined }

/** One page of a query, at the top or of a subquery; undefined where it is not one, or says that more follows without saying where. */
export const queryPageOf = (value: unknown): QueryPage | undefined => {
  if (!isObject(value) || !Array.isArray(value['records']) || typeof value['done'] !== 'boolean') return undefined
  if (value['done']) return { records: value['records'], next: undefined }
  const next = value['nextRecordsUrl']
  return typeof next === 'string' && next.startsWith('/services/') ? { records: value['records'], next } : undefined
}
