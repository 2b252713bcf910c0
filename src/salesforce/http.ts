import type { Usage } from './api.ts'
import type { Token, TokenSource } from './auth.ts'
import { type Effect, failureOfAnswer, failureOfExchange, failureOfShape } from './failure.ts'
import { type Answer, type Exchange, ExchangeError, type Transport } from './transport.ts'

/** One API call. `path` begins with `/services/data/`. */
export type Call = { kind: string; method: Exchange['method']; path: string; body?: unknown; effect: Effect }

export type Http = {
  /** The parsed body of a 2xx answer; everything else is thrown as a `SalesforceError`. */
  send: (call: Call) => Promise<unknown>
  usage: () => Usage | undefined
  calls: () => Readonly<Record<string, number>>
}

export type HttpOptions = { transport: Transport; tokens: TokenSource; clientName: string }

/** API calls with our token on them: renews it once, reads the allowance off every answer, counts, and says what a failure means. */
export const createHttp = ({ transport, tokens, clientName }: HttpOptions): Http => {
  const counts: Record<string, number> = {}
  let usage: Usage | undefined

  const attempt = async (call: Call, body: string | undefined, token: Token): Promise<Answer> => {
    counts[call.kind] = (counts[call.kind] ?? 0) + 1
    const answer = await transport
      .exchange({
        method: call.method,
        url: new URL(call.path, token.instanceUrl),
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token.value}`,
          'sforce-call-options': `client=${clientName}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
      })
      .catch((error: unknown) => {
        throw error instanceof ExchangeError ? failureOfExchange(error, call.effect) : error
      })
    usage = usageOf(answer.headers['sforce-limit-info']) ?? usage
    return answer
  }

  const send = async (call: Call): Promise<unknown> => {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const token = await tokens.current()
    let answer = await attempt(call, body, token)
    // 401 means that nothing was done, so a write may go out again too. Once: a 401 that a new token does not cure would go on for ever.
    if (answer.status === 401) answer = await attempt(call, body, await tokens.renewed(token))
    if (answer.status < 200 || answer.status >= 300) throw failureOfAnswer(answer, call.effect)
    return parseBody(answer, call)
  }
  return { send, usage: () => usage, calls: () => ({ ...counts }) }
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
