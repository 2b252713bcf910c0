import type { RunStatus } from '../../server/runs.ts'
import type { DriftRow } from '../../sync/mirror/drift.ts'
import { renderTable, renderTime } from '../table.ts'
import { count, inLines, renderDuration, renderStep, renderWaits } from './run-view.ts'

const plural = (n: number, one: string): string => `${count(n)} ${one}${n === 1 ? '' : 's'}`

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
  const rows = Object.entries(drift).map(([name, records]) => [name, count(records), meanings[name] ?? ''])
  const found =
    rows.length === 0
      ? 'Nothing had drifted apart.\n'
      : renderTable([{ title: 'Drift' }, { title: 'Records' }, { title: 'Which means', wraps: true }], rows)
  return deferred > 0
    ? `${found}${plural(deferred, 'record')} left for the next reconcile (CLERKFORCE_RECONCILE_BUDGET).\n`
    : found
}

/** How a run that goes on stands. */
const renderOpen = (run: RunStatus): string => {
  const waits = run.waits ? `${renderWaits(run.waits)}\n` : ''
  return `${nameOf(run)} is under way: ${renderStep(run, 0)}.\n${waits}`
}

const nameOf = ({ kind, id }: RunStatus): string => `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${id}`

/** What a plan came to, or what was made of one; undefined for other runs. */
const plannedOf = ({ kind, result: { planned, applied } }: RunStatus): string | undefined => {
  if (kind === 'plan') {
    const records = planned?.kinds.reduce((sum, one) => sum + one.count, 0)
    return records === undefined ? '' : `${plural(records, 'record')} planned`
  }
  if (kind !== 'apply') return undefined
  const outcomes = Object.entries(applied ?? {}).map(([outcome, records]) => `${count(records)} ${outcome}`)
  return outcomes.join(', ')
}

const foundOf = (run: RunStatus): string => {
  const { kind, result } = run
  const { drift, marked, deletions } = result
  const planned = plannedOf(run)
  if (planned !== undefined) return planned
  const found = Object.entries(drift ?? {}).map(([name, records]) => `${count(records)} ${name}`)
  if (kind !== 'reconcile') return marked === undefined ? '' : `${plural(marked, 'link')} worked off`
  if (drift) return found.length === 0 ? 'nothing had drifted apart' : found.join(', ')
  return deletions === undefined ? '' : 'asks: so many records are gone in Clerk'
}

/** How a run stands or what it came to, in a line. */
const summaryOf = (run: RunStatus): string =>
  run.finishedAt === null && run.state !== 'asking'
    ? [renderStep(run, 0), run.waits ? renderWaits(run.waits) : ''].filter(Boolean).join('; ')
    : (run.result.reason ?? foundOf(run))

/** Runs in a table. */
export const renderRuns = (runs: readonly RunStatus[]): string =>
  renderTable(
    [
      { title: 'Run' },
      { title: 'Kind' },
      { title: 'Begun (UTC)' },
      { title: 'Took' },
      { title: 'State' },
      { title: 'Result', wraps: true },
    ],
    runs.map((run) => [
      String(run.id),
      run.kind,
      renderTime(run.startedAt ?? run.askedAt),
      run.finishedAt === null ? '' : renderDuration(run.finishedAt - (run.startedAt ?? run.askedAt)),
      run.state,
      summaryOf(run),
    ]),
  )

/** How a run stands or ended, for people. */
export const renderRun = (run: RunStatus): string => {
  const { kind, state, scans, result, startedAt, finishedAt } = run
  if (state === 'asking') return renderAsking(run)
  if (finishedAt === null) return renderOpen(run)
  if (state === 'failed') {
    const why = `${nameOf(run)} failed: ${result.code}: ${result.reason}`
    // A plan of another mapping stays one, however often it is applied: the reason says what to do.
    const again =
      result.code === 'OTHER_MAPPING' ? '' : '\nNothing was concluded about what it has not seen. Run it again.'
    return `${inLines(`${why}${again}`, process.stdout)}\n`
  }
  if (state === 'stopped') return `${nameOf(run)} was stopped: another one took its place.\n`
  const readOf = (side: string): number =>
    scans.filter(({ scan }) => scan.startsWith(side)).reduce((sum, one) => sum + one.read, 0)
  const took = renderDuration(finishedAt - (startedAt ?? finishedAt))
  const parked = result.parked ? ` ${plural(result.parked, 'link')} parked meanwhile (clerkforce parked).` : ''
  const read = plural(readOf('clerk/'), 'record')
  const planned = plannedOf(run)
  if (planned !== undefined)
    return `${nameOf(run)}: ${read} of Clerk read, ${planned || 'nothing to do'}, in ${took}.${parked}\n`
  if (kind === 'reconcile')
    return `${nameOf(run)}: ${read} of Clerk and ${count(readOf('salesforce/'))} of Salesforce compared in ${took}.${parked}\n${renderDrift(result)}`
  return `${nameOf(run)}: ${read} of Clerk read, ${plural(result.marked ?? 0, 'link')} worked off in ${took}.${parked}\n`
}

/** What drifted, record by record. */
export const renderDriftRows = (rows: readonly DriftRow[]): string =>
  rows.length === 0
    ? ''
    : renderTable(
        [{ title: 'Drift' }, { title: 'Clerk', wraps: true }, { title: 'Salesforce' }, { title: 'What', wraps: true }],
        rows.map((row) => [row.class, row.clerkId ?? '', row.salesforceId ?? '', row.detail]),
      )
