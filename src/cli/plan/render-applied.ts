/** What came of an apply, for a terminal: how many records by what became of them, and the first of each that was not written. */
import type { RunStatus } from '../../server/runs.ts'
import { type ApplyOutcome, applyOutcomes, type Unapplied } from '../../sync/mirror/expected.ts'
import { cutTo, harmless, wrapTo } from '../explain/text.ts'
import { renderDuration } from '../runs/run-view.ts'
import { renderTable, renderTime } from '../table.ts'
import type { PlanContents } from './read-plan-file.ts'
import { renderCounts, riskOf } from './render-summary.ts'
import { outcomeWords, plural } from './words.ts'

/** What a file holds, for whoever is asked whether to apply it. */
export const renderContents = (
  { header, records, kinds, flags }: PlanContents,
  path: string,
  columns: number,
): string => {
  const struck = header.records - records
  const head = `${path}: plan ${header.plan}, made ${renderTime(header.madeAt)} UTC; ${plural(records, 'record')}${struck > 0 ? `, ${plural(struck, 'record')} struck out` : ''}.`
  if (records === 0) return `${head}\n`
  const risks = flags.flatMap(({ flag, count }) =>
    wrapTo(riskOf(flag, count, header.linked), columns - 4).map(
      (line, index) => `${index === 0 ? '  ! ' : '    '}${line}`,
    ),
  )
  return [head, renderCounts({ kinds }, columns).trimEnd(), ...risks, ''].join('\n')
}

/** The first records of each outcome but `done`. */
export type FirstLeft = ReadonlyMap<
  ApplyOutcome | 'unknown',
  readonly Pick<Unapplied, 'clerkId' | 'salesforceId' | 'reason'>[]
>

const outcomesOf = ({ result }: RunStatus): [outcome: ApplyOutcome | 'unknown', count: number][] => [
  ...applyOutcomes.map((outcome): [ApplyOutcome, number] => [outcome, result.applied?.[outcome] ?? 0]),
  ['unknown', result.unknown ?? 0],
]

/** Whether all that was planned is so now. */
export const isWhole = (run: RunStatus): boolean =>
  run.state === 'done' && outcomesOf(run).every(([outcome, count]) => outcome === 'done' || count === 0)

const leftLines = (left: FirstLeft, columns: number): string[] =>
  [...left].flatMap(([outcome, rows]) =>
    rows.map(({ clerkId, salesforceId, reason }) =>
      cutTo(
        harmless(
          `  ${outcome}: ${[clerkId, salesforceId].filter((id) => id !== null).join(' ')}${reason === null ? '' : ` ${reason}`}`,
        ),
        columns,
      ),
    ),
  )

/** How an apply ended. */
export const renderApplied = (run: RunStatus, left: FirstLeft, columns: number): string => {
  const counts = outcomesOf(run).filter(([outcome, count]) => outcome === 'done' || count > 0)
  const took = renderDuration((run.finishedAt ?? 0) - (run.startedAt ?? run.finishedAt ?? 0))
  const table = renderTable(
    [{ title: 'Outcome' }, { title: 'Records' }, { title: 'Which means', wraps: true }],
    counts.map(([outcome, count]) => [outcome, count.toLocaleString('en-US'), outcomeWords[outcome]]),
    columns,
  )
  const advice = isWhole(run)
    ? []
    : [
        ...leftLines(left, columns),
        'What was left alone was not written. To see how it is now: clerkforce plan; all of it: clerkforce apply --json.',
      ]
  return [`Apply ${run.id}: the plan was carried out in ${took}.`, table.trimEnd(), ...advice, ''].join('\n')
}
