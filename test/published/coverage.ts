import type { ClerkContract, Operation } from './clerk-contract.ts'
import type { Watch } from './watch.ts'

const share = (part: number, whole: number): string => `${part} of ${whole} (${((100 * part) / whole).toFixed(1)} %)`

const succeeded = (watch: Watch, { id }: Operation): boolean =>
  [...(watch.seen.get(id) ?? [])].some((status) => status < 300)

const statusesSeen = (watch: Watch, operations: readonly Operation[]): number =>
  operations.reduce((sum, { id }) => sum + (watch.seen.get(id)?.size ?? 0), 0)

const statusesListed = (operations: readonly Operation[]): number =>
  operations.reduce((sum, { statuses }) => sum + statuses.length, 0)

/** Operations that no request has succeeded at. */
export const uncovered = (watch: Watch, operations: readonly Operation[]): string[] =>
  operations.filter((operation) => !succeeded(watch, operation)).map(({ id }) => id)

/** `401 ×12, 404 ×3`. */
const byStatus = (unlisted: ReadonlySet<string>): string => {
  const counts = new Map<string, number>()
  for (const entry of unlisted) {
    const status = entry.split(' ').at(-1) ?? ''
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  return [...counts]
    .sort()
    .map(([status, count]) => `${status} ×${count}`)
    .join(', ')
}

/**
 * How much of the published files a watch has seen and found in order, for people to read.
 * @param caused types of events that changes of data have caused
 */
export const coverageReport = (
  contract: ClerkContract,
  watch: Watch,
  inScope: readonly Operation[],
  caused: ReadonlySet<string>,
): string => {
  const done = (operations: readonly Operation[]) => operations.length - uncovered(watch, operations).length
  const sent = (types: ReadonlySet<string>) => contract.eventTypes.filter((type) => types.has(type)).length
  const rows = [
    ['operations in scope', share(done(inScope), inScope.length)],
    ['operations of the whole file', share(done(contract.operations), contract.operations.length)],
    ['their listed statuses, in scope', share(statusesSeen(watch, inScope), statusesListed(inScope))],
    ['event types', share(sent(watch.events), contract.eventTypes.length)],
    ['event types that changes of data caused', share(sent(caused), contract.eventTypes.length)],
    ['operations with errors of a status not listed', byStatus(watch.unlisted)],
  ] as const
  return rows.map(([name, value]) => `  ${name.padEnd(48)}${value}`).join('\n')
}
