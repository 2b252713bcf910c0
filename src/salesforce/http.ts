import type { Usage } from './api.ts'
import type { Token, TokenSource } from './auth.ts'
import { type Effect, failureOfAnswer, failureOfExchange, failureOfShape } from './failure.ts'
import { type Answer, type Exchange, ExchangeError, type Transport } from './transport.ts'

/** One API call. `path` begins with `/services/data/`; what it carries is JSON, or a CSV file. */
export type Call = {
  kind: string
  method: Exchange['method']
  path: string
  body?: unknown
  csv?: Uint8Array
  /** @default 'application/json' */
  accept?: 'text/csv'
  effect: Effect
}

export type Http = {
  /** The parsed body of a 2xx answer; everything else is thrown as a `SalesforceError`. */
  send: (call: Call) => Promise<unknown>
  /** The whole 2xx answer, for what is not JSON; everything else is thrown as a `SalesforceError`. */
  answer: (call: Call) => Promise<Answer>
  usage: () => Usage | undefined
  calls: () => Readonly<Record<string, number>>
}

export type HttpOptions = { transport: Transport; tokens: TokenSource; clientName: string }

/** API calls with our token on them: renews it once, reads the allowance off every answer, counts, and says what a failure means. */
export const createHttp = ({ transport, tokens, clientName }: HttpOptions): Http => {
  const counts: Record<string, number> = {}
  let usage: Usage | undefined

  const attempt = async (call: Call, content: Content | undefined, token: Token): Promise<Answer> => {
    counts[call.kind] = (counts[call.kind] ?? 0) + 1
    const answer = await transport
      .exchange({
        method: call.method,
        url: new URL(call.path, token.instanceUrl),
        headers: {
          accept: call.accept ?? 'application/json',
          authorization: `Bearer ${token.value}`,
          'sforce-call-options': `client=${clientName}`,
          ...(content && { 'content-type': content.type }),
        },
        ...(content && { body: content.body }),
      })
      .catch((error: unknown) => {
        throw error instanceof ExchangeError ? failureOfExchange(error, call.effect) : error
      })
    usage = usageOf(answer.headers['sforce-limit-info']) ?? usage
    return answer
  }

  const answerTo = async (call: Call): Promise<Answer> => {
    const content = contentOf(call)
    const token = await tokens.current()
    let answer = await attempt(call, content, token)
    // 401 means that nothing was done, so a write may go out again too. Once: a 401 that a new token does not cure would go on for ever.
    if (answer.status === 401) answer = await attempt(call, content, await tokens.renewed(token))
    if (answer.status < 200 || answer.status >= 300) throw failureOfAnswer(answer, call.effect)
    return answer
  }
  return {
    send: async (call) => parseBody(await answerTo(call), call),
    answer: answerTo,
    usage: () => usage,
    calls: () => ({ ...counts }),
  }
}

type Content = { type: string; body: string | Uint8Array }

const contentOf = ({ body, csv }: Call): Content | undefined => {
  if (csv) return { type: 'text/csv; charset=UTF-8', body: csv }
  return body === undefined ? undefined : { type: 'application/json', body: JSON.stringify(body) }
}

const parseBody = ({ text, status }: Answer, { kind, effect }: Call): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw failureOfShape(`${kind}: not JSON`, effect, status)
  }
}

/** `api-usage=18/5000`, perhaps followed by `per-app-api-usage=...`. */
const usageOf = (header: string | string[] | undefined): Usage | undefined => {
  const match = /(?:^|[;,\s])api-usage=(\d+)\/(\d+)/.exec(String(header ?? ''))
  return match ? { used: Number(match[1]), limit: Number(match[2]) } : undefined
}
