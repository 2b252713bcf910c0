/**
 * Composite: up to 25 calls in one, counted as one against the allowance.
 *
 * At most five of them may be queries or Collections ("Composite", REST API guide). A part may use what an earlier one
 * answered, by `@{referenceId.field}`; when the earlier one failed, its dependants are not run and the others are. With
 * `allOrNone` one failure takes everything back, and it overrules the `allOrNone` of Collections inside ("allOrNone
 * Parameters in Composite and Collections Requests"). Parts take their share of the call's time and hold their own locks
 * while it passes; with `allOrNone` all locks are taken first and held to the end, as one transaction's are.
 *
 * Unless `collateSubrequests` is false, "the order of execution is not guaranteed" ("Composite Request Body"): parts that
 * do not refer to each other then run last to first here, so that who relies on the order finds out.
 */
import { type Call, failureReply, type Match, perform, type Reply } from '../api.ts'
import { notFound, RecordFailure, RequestFailure, refused } from '../errors.ts'
import { tally } from '../org.ts'
import { isJsonObject } from '../records/read-record.ts'
import { type Answer, namesIn, resolveReferences } from './references.ts'

type Part = {
  method: string
  url: string
  body: unknown
  referenceId: string
  headers: ReadonlyMap<string, string>
  /** Reference ids that its url or body mentions. */
  needs: ReadonlySet<string>
}
type FindRoute = (method: string, path: string) => Match
type Parts = { parts: readonly Part[]; order: readonly Part[]; allOrNone: boolean }

const mostParts = 25
const mostHeavyParts = 5

const readPart = (json: unknown): Part => {
  if (!isJsonObject(json)) throw refused('JSON_PARSER_ERROR', 'Every subrequest must be an object')
  const { method, url, referenceId, body, httpHeaders } = json
  if (typeof method !== 'string' || typeof url !== 'string' || typeof referenceId !== 'string') {
    throw refused('JSON_PARSER_ERROR', 'Every subrequest must have a method, a url and a referenceId')
  }
  if (!/^\w+$/.test(referenceId))
    throw refused('INVALID_INPUT', `Provided reference ID '${referenceId}' has illegal characters`)
  const headers = Object.entries(isJsonObject(httpHeaders) ? httpHeaders : {}).map(
    ([name, value]) => [name.toLowerCase(), String(value)] as const,
  )
  return { method, url, referenceId, body, headers: new Map(headers), needs: namesIn(url, body) }
}

const isHeavy = ({ url }: Part): boolean =>
  /^\/services\/data\/v[\d.]+\/(?:query|queryAll|composite\/sobjects)(?:[/?]|$)/.test(url)

/** The order in which parts run: theirs, or with collation any that honours references. */
const runningOrder = (parts: readonly Part[], collate: boolean): Part[] => {
  if (!collate) return [...parts]
  const left = [...parts].reverse()
  const order: Part[] = []
  while (left.length > 0) {
    const ready = left.findIndex((part) => !left.some((other) => other !== part && part.needs.has(other.referenceId)))
    order.push(...left.splice(Math.max(0, ready), 1))
  }
  return order
}

/** @param collates what holds for a request that does not say */
const readParts = (body: unknown, collates: boolean): Parts => {
  if (!isJsonObject(body) || !Array.isArray(body['compositeRequest'])) {
    throw refused('JSON_PARSER_ERROR', 'The request body must have a list compositeRequest')
  }
  const parts = (body['compositeRequest'] as unknown[]).map(readPart)
  if (parts.length > mostParts)
    throw refused('LIMIT_EXCEEDED', `Limit exceeded: at most ${mostParts} subrequests are allowed`)
  if (parts.filter(isHeavy).length > mostHeavyParts) {
    throw refused(
      'LIMIT_EXCEEDED',
      `Limit exceeded: at most ${mostHeavyParts} subrequests can be queries or sObject Collections`,
    )
  }
  const names = parts.map((part) => part.referenceId)
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  if (repeated !== undefined) throw refused('INVALID_INPUT', `Duplicate referenceId: ${repeated}`)
  return {
    parts,
    allOrNone: body['allOrNone'] === true,
    order: runningOrder(
      parts,
      body['collateSubrequests'] === undefined ? collates : body['collateSubrequests'] === true,
    ),
  }
}

const partCall = (call: Call, part: Part, answers: ReadonlyMap<string, Answer>, allOrNone: boolean): Call => {
  // Five Collections of 200 records would be walked for nothing.
  const walk = part.needs.size > 0
  const url = walk ? String(resolveReferences(part.url, answers)) : part.url
  const [, version, rest] = /^\/services\/data\/v(\d+\.0)(\/[^?]*)/.exec(url) ?? []
  if (version === undefined || rest === undefined) throw notFound()
  const body = walk ? resolveReferences(part.body, answers) : part.body
  const at = url.indexOf('?')
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
  if (allOrNone && query.has('ids')) query.set('allOrNone', 'true')
  return {
    ...call,
    method: part.method,
    version,
    path: rest,
    query,
    body:
      allOrNone && isJsonObject(body) && rest.startsWith('/composite/sobjects') ? { ...body, allOrNone: true } : body,
    header: (name) => part.headers.get(name) ?? call.header(name),
  }
}

const answerOf = (part: Part, reply: Reply): Answer => ({
  body: reply.body ?? null,
  httpHeaders: Object.fromEntries(
    Object.entries(reply.headers ?? {}).map(([name, value]) => [name === 'location' ? 'Location' : name, value]),
  ),
  httpStatusCode: reply.status,
  referenceId: part.referenceId,
})

const prepare = (call: Call, match: FindRoute) => {
  const { route, params } = match(call.method, call.path)
  if (route.kind === 'composite') throw refused('PROCESSING_HALTED', 'A Composite cannot hold another')
  if (route.kind === 'collection upsert' && !call.org.settings.compositeUpsertCollections) {
    throw refused('PROCESSING_HALTED', 'Upsert by external id is not supported in a Composite request')
  }
  tally(call.org.stats.subrequests, route.kind)
  return route.prepare(call, params)
}

const runEach = async (call: Call, { parts, order }: Parts, match: FindRoute): Promise<Answer[]> => {
  const { org } = call
  const share = org.settings.latencyMs / parts.length
  const answers = new Map<string, Answer>()
  for (const part of order) {
    const owner = {}
    const attempt = async (): Promise<Reply> => {
      try {
        return await perform(org, owner, prepare(partCall(call, part, answers, false), match), share)
      } catch (error) {
        return failureReply(error)
      } finally {
        org.locks.release(owner)
      }
    }
    answers.set(part.referenceId, answerOf(part, await attempt()))
  }
  return parts.flatMap((part) => answers.get(part.referenceId) ?? [])
}

class Halt extends Error {}

const hasFailed = (answer: Answer): boolean =>
  answer.httpStatusCode >= 400 ||
  (Array.isArray(answer.body) && answer.body.some((each) => isJsonObject(each) && each['success'] === false))

/** What a part will lock, as far as it can be told before others have answered; its errors come up again when it runs. */
const lockedBy = (call: Call, part: Part, match: FindRoute): string[] => {
  try {
    const sub = partCall(call, part, new Map(), true)
    const { route, params } = match(sub.method, sub.path)
    return [...(route.prepare(sub, params).accounts ?? [])]
  } catch (error) {
    if (error instanceof RequestFailure || error instanceof RecordFailure) return []
    throw error
  }
}

const runTogether = async (call: Call, { parts, order }: Parts, match: FindRoute): Promise<Answer[]> => {
  const { org } = call
  const owner = {}
  const answers = new Map<string, Answer>()
  const accounts = parts.flatMap((part) => lockedBy(call, part, match))
  try {
    const taking = org.locks.acquire(owner, accounts)
    const unlocked = taking && (await taking)
    if (org.settings.latencyMs > 0) await org.clock.sleep(org.settings.latencyMs)
    return org.store.atomically(() => {
      for (const part of order) {
        let reply: Reply
        try {
          reply = prepare(partCall(call, part, answers, true), match).run(unlocked)
        } catch (error) {
          reply = failureReply(error)
        }
        const answer = answerOf(part, reply)
        answers.set(part.referenceId, answer)
        if (hasFailed(answer)) throw new Halt()
      }
      return parts.flatMap((part) => answers.get(part.referenceId) ?? [])
    })
  } catch (error) {
    if (!(error instanceof Halt)) throw error
    const message = 'The transaction was rolled back since another operation in the same transaction failed.'
    return parts.map((part) => {
      const answer = answers.get(part.referenceId)
      if (answer && hasFailed(answer)) return answer
      return {
        body: [{ errorCode: 'PROCESSING_HALTED', message }],
        httpHeaders: {},
        httpStatusCode: 400,
        referenceId: part.referenceId,
      }
    })
  } finally {
    org.locks.release(owner)
  }
}

/** Runs a Composite; always 200 unless it is malformed itself. @throws RequestFailure */
export const runComposite = async (call: Call, match: FindRoute): Promise<Reply> => {
  // "In API version 49.0 and later, the default value is true. In version 48.0, the default value is false"; before there
  // was no collation.
  const parts = readParts(call.body, Number(call.version) >= 49)
  const compositeResponse = await (parts.allOrNone ? runTogether : runEach)(call, parts, match)
  return { status: 200, body: { compositeResponse } }
}
