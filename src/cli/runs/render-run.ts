import type { RunStatus } from '../../server/runs.ts'
import type { DriftRow } from '../../sync/mirror/drift.ts'
import { renderTable } from '../table.ts'
import { renderDuration } from './run-view.ts'

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

const meanings: Readonly<Record<string, string>> = {
  missing: 'in Clerk, and not in Salesforce',
  stale: 'changed or deleted without our being told',
  'human-edit': 'changed in Salesforce where Clerk or clerkforce decides',
  conflict: 'changed on both sides',
  orphan: 'carries a Clerk id that Clerk does not know; parked',
  duplicate: 'one record is linked, another carries the Clerk id',
  'broken-link': 'the linked record is gone, merged, or another’s',
}

const renderDeletions = ({ deletions = {} }: RunStatus['result']): string[] =>
  Object.entries(deletions).map(
    ([entity, { known, gone, allowed }]) => `  ${entity}: ${gone} of ${known} are gone in Clerk; ${allowed} may be`,
  )

const renderAsking = (run: RunStatus): string => {
  const total = Object.values(run.result.deletions ?? {}).reduce((sum, { gone }) => sum + gone, 0)
  return [
    'More records than expected are gone in Clerk. Nothing was concluded from it, and nothing repaired:',
    ...renderDeletions(run.result),
    'Is it the right Clerk instance (CLERK_SECRET_KEY)? If they were deleted there:',
    `  clerkforce reconcile --accept-deletions ${total}`,
    '',
  ].join('\n')
}

const renderDrift = ({ drift = {}, deferred = 0 }: RunStatus['result']): string => {
  const rows = Object.entries(drift).map(([name, count]) => [name, String(count), meanings[name] ?? ''])
  const found =
    rows.length === 0
      ? 'Nothing had drifted apart.\n'
      : renderTable([{ title: 'Drift' }, { title: 'Records' }, { title: 'Which means', wraps: true }], rows)
  return deferred > 0
    ? `${found}${plural(deferred, 'record')} left for the next reconcile (CLERKFORCE_RECONCILE_BUDGET).\n`
    : found
}

/** How a run ended, for people. */
export const renderRun = (run: RunStatus): string => {
  const { kind, id, state, scans, result, startedAt, finishedAt } = run
  if (state === 'asking') return renderAsking(run)
  const name = kind === 'backfill' ? 'Backfill' : 'Reconcile'
  if (state === 'failed')
    return `${name} ${id} failed: ${result.code}: ${result.reason}\nNothing was concluded about what it has not seen. Run it again.\n`
  if (state === 'stopped') return `${name} ${id} was stopped: another one took its place.\n`
  const read = scans.filter(({ scan }) => scan.startsWith('clerk/')).reduce((sum, one) => sum + one.read, 0)
  const took = renderDuration((finishedAt ?? 0) - (startedAt ?? 0))
  const parked = result.parked ? ` ${plural(result.parked, 'link')} parked meanwhile (clerkforce parked).` : ''
  const head = `${name} ${id}: ${plural(read, 'record')} of Clerk read, ${plural(result.marked ?? 0, 'link')} worked off in ${took}.${parked}\n`
  return kind === 'reconcile' ? head + renderDrift(result) : head
}

/** What drifted, record by record. */
export const renderDriftRows = (rows: readonly DriftRow[]): string =>
  rows.length === 0
    ? ''
    : renderTable(
        [{ title: 'Drift' }, { title: 'Clerk', wraps: true }, { title: 'Salesforce' }, { title: 'What', wraps: true }],
        rows.map((row) => [row.class, row.clerkId ?? '', row.salesforceId ?? '', row.detail]),
      )
