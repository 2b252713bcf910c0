import { type Exchange, eventChannel, exchangeChannel } from '../../src/emulators/clerk/observe.ts'
import type { ClerkContract, Operation } from './clerk-contract.ts'
import type { Violation } from './openapi.ts'

/** What did not agree with the published files. */
export type Finding = { where: string; violations: readonly Violation[]; body: string }

export type Watch = {
  /** What was found since the last call. */
  take: () => Finding[]
  /** Statuses seen, by operation (`GET /users`). */
  seen: ReadonlyMap<string, ReadonlySet<number>>
  /** Answers whose status the operation does not list (`GET /users 429`). */
  unlisted: ReadonlySet<string>
  events: ReadonlySet<string>
  /** Ends the watch. */
  stop: () => void
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Only the version whose file this is can be held to its requests. */
const isCurrent = ({ version }: Exchange): boolean => version === null || version === '2026-05-12'

/**
 * Checks everything that any Clerk emulator of this process says, from now on: each reply, each event, and each request that was
 * accepted, because an emulator that accepts what Clerk's API does not take is laxer than Clerk.
 */
export const watchEmulators = (contract: ClerkContract): Watch => {
  const findings: Finding[] = []
  const seen = new Map<string, Set<number>>()
  const unlisted = new Set<string>()
  const events = new Set<string>()
  const note = (where: string, violations: readonly Violation[], body: string): void => {
    if (violations.length > 0) findings.push({ where, violations, body })
  }
  const count = (operation: Operation, status: number): void => {
    seen.set(operation.id, (seen.get(operation.id) ?? new Set<number>()).add(status))
  }
  const onExchange = (exchange: Exchange): void => {
    const { method, status, request, reply } = exchange
    const path = exchange.path.replace(/^\/v1/, '')
    const verdict = contract.validateReply(method, path, status, parse(reply), exchange.query)
    note(`${method} ${path} ${status}`, verdict.violations, reply)
    if (verdict.operation && verdict.unlisted) unlisted.add(`${verdict.operation.id} ${status}`)
    else if (verdict.operation) count(verdict.operation, status)
    if (status >= 300 || request === '' || !isCurrent(exchange)) return
    note(`${method} ${path} accepted`, contract.validateRequest(method, path, parse(request)).violations, request)
  }
  const onEvent = (text: string): void => {
    const event = parse(text) as { type: string }
    note(event.type, contract.validateEvent(event), text)
    events.add(event.type)
  }
  // The channels' messages are of these types; Node's own are untyped.
  const exchangeListener = (message: unknown) => onExchange(message as Exchange)
  const eventListener = (message: unknown) => onEvent(message as string)
  exchangeChannel.subscribe(exchangeListener)
  eventChannel.subscribe(eventListener)
  return {
    take: () => findings.splice(0),
    seen,
    unlisted,
    events,
    stop: () => {
      exchangeChannel.unsubscribe(exchangeListener)
      eventChannel.unsubscribe(eventListener)
    },
  }
}
