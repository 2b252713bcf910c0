import { refused } from '../errors.ts'
import { isJsonObject } from '../records/read-record.ts'

/** What a part of a Composite answered. */
export type Answer = {
  body: unknown
  httpHeaders: Readonly<Record<string, string>>
  httpStatusCode: number
  referenceId: string
}

// `@{referenceId.field}`; `.` goes into an object, `[n]` into a list.
const reference = /@\{([^}]*)\}/g

const follow = (value: unknown, path: string): unknown => {
  let current = value
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    if (Array.isArray(current)) current = current[Number(step)]
    else if (isJsonObject(current)) {
      const key = Object.keys(current).find((name) => name.toLowerCase() === step.toLowerCase())
      current = key === undefined ? undefined : current[key]
    } else return undefined
  }
  return current
}

const resolveText = (text: string, answers: ReadonlyMap<string, Answer>): unknown => {
  const find = (expression: string): unknown => {
    const name = /^\w+/.exec(expression)?.[0] ?? ''
    const answer = answers.get(name)
    const value = answer && answer.httpStatusCode < 400 ? follow(answer.body, expression.slice(name.length)) : undefined
    if (value === undefined || value === null) {
      throw refused('PROCESSING_HALTED', `Invalid reference specified. No value for ${expression} found in ${name}`)
    }
    return value
  }
  const whole = /^@\{([^}]*)\}$/.exec(text)?.[1]
  return whole === undefined
    ? text.replace(reference, (_, expression: string) => String(find(expression)))
    : find(whole)
}

/**
 * Puts in what earlier parts answered, in every text of a url or body.
 * @throws RequestFailure PROCESSING_HALTED when there is nothing to put in, as when the earlier part failed
 */
export const resolveReferences = (json: unknown, answers: ReadonlyMap<string, Answer>): unknown => {
  if (typeof json === 'string') return json.includes('@{') ? resolveText(json, answers) : json
  if (Array.isArray(json)) return json.map((each) => resolveReferences(each, answers))
  if (!isJsonObject(json)) return json
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, resolveReferences(value, answers)]))
}

const mention = /@\{(\w+)/g
/** The reference ids that a url or body mentions. */
export const namesIn = (url: string, body: unknown): ReadonlySet<string> =>
  new Set([...`${url} ${JSON.stringify(body ?? null)}`.matchAll(mention)].map((found) => found[1] ?? ''))
