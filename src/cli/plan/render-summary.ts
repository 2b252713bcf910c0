/** The summary of a plan for a terminal: how many of what, what to look at first, what it would take, and how to go on. */
import type { RunStatus } from '../../server/runs.ts'
import { type PlannedFlag, type PlannedRow, plannedKinds } from '../../sync/mirror/planned.ts'
import { type Cost, runEntities } from '../../sync/mirror/runs.ts'
import { wrapTo } from '../explain/text.ts'
import { renderDuration } from '../runs/run-view.ts'
import { renderTable } from '../table.ts'
import { type Page, renderExample } from './render-record.ts'
import { countOf, entityNames, flagWords, isMany, kindWords, plural } from './words.ts'

/** Some records for each risk that a plan has. */
export type Examples = ReadonlyMap<PlannedFlag, readonly PlannedRow[]>

type Counts = Parameters<typeof countOf>[0]

const number = (count: number): string => (count === 0 ? '' : count.toLocaleString('en-US'))
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** How many records of each kind, entity by entity. */
export const renderCounts = (counts: Counts, width?: number): string => {
  const kinds = plannedKinds.filter((kind) => countOf(counts, { kind }) > 0)
  return renderTable(
    [
      { title: 'Kind' },
      { title: 'Which means', wraps: true },
      ...runEntities.map((entity) => ({ title: capital(entityNames[entity]) })),
    ],
    kinds.map((kind) => [
      kind,
      kindWords[kind],
      ...runEntities.map((entity) => number(countOf(counts, { entity, kind }))),
    ]),
    width,
  )
}

/** What a person should look at before saying yes, in words. */
export const riskOf = (flag: PlannedFlag, count: number, linked: number): string => {
  const words = `${plural(count, 'record')}: ${flagWords[flag]}`
  if (flag !== 'ends' || !isMany(count, linked)) return words
  const share =
    linked === 0 ? '' : `, ${((count * 100) / linked).toFixed(1)} % of all ${linked.toLocaleString('en-US')} pairs`
  return `${words}. THAT IS MANY${share}: is it the right Clerk instance?`
}

const renderRisks = (page: Page, { result: { planned } }: RunStatus, examples: Examples): string[] => {
  if (!planned || planned.flags.length === 0) return []
  return [
    page.paint('bold', 'Look at these first:'),
    ...planned.flags.flatMap(({ flag, count }) => [
      ...wrapTo(riskOf(flag, count, planned.linked), page.columns - 4).map(
        (line, index) => `${index === 0 ? '  ! ' : '    '}${page.paint('yellow', line)}`,
      ),
      ...(examples.get(flag) ?? []).flatMap((row) =>
        renderExample({ ...page, columns: page.columns - 6 }, row).map((line) => `      ${line}`),
      ),
      ...(count > (examples.get(flag)?.length ?? 0)
        ? [page.paint('dim', `      all of them: clerkforce plan --last --show ${flag}`)]
        : []),
    ]),
  ]
}

const clerkPage = 500

/** What applying would take, as label and text. */
export const costLines = (cost: Cost, { scans }: Pick<RunStatus, 'scans'>): [label: string, text: string][] => {
  const reads = scans
    .filter(({ scan }) => scan.startsWith('clerk/'))
    .reduce((sum, { read }) => sum + Math.max(1, Math.ceil(read / clerkPage)), 0)
  const left =
    cost.salesforceLeft === null
      ? 'how many are left today it does not say'
      : `${cost.salesforceLeft.toLocaleString('en-US')} are left today, for everybody in the org`
  const rate = `${plural(cost.rate, 'record')} a second, ${cost.measured ? 'as the last run had' : 'which is assumed: no run has measured it yet'}`
  return [
    ['Salesforce', `about ${plural(cost.salesforceCalls, 'API call')}; ${left}`],
    [
      'Clerk',
      `${plural(cost.clerkWrites, 'request')} that ${cost.clerkWrites === 1 ? 'writes' : 'write'}, about ${plural(reads, 'request')} to read it again; it has no limit a day, and is asked slowly`,
    ],
    ['Time', `about ${renderDuration(cost.seconds * 1_000)}, at ${rate}`],
  ]
}

const renderCost = (page: Page, run: RunStatus): string[] => {
  const { cost } = run.result
  if (!cost) return []
  return costLines(cost, run).flatMap(([label, text]) =>
    wrapTo(text, page.columns - 12).map((line, index) => `${(index === 0 ? label : '').padEnd(12)}${line}`),
  )
}

const next = (out: string | undefined): [command: string, what: string][] => [
  ['clerkforce plan --last --show person', 'record by record; also a kind, a risk, an id, or --all'],
  ['clerkforce plan --last --html plan.html', 'a page for whoever must approve'],
  out === undefined
    ? ['clerkforce plan --last --out plan.jsonl', 'a file; then clerkforce apply plan.jsonl']
    : [`clerkforce apply ${out}`, 'does exactly that, and leaves alone what has changed since'],
]

const renderNext = (page: Page, out: string | undefined): string[] => {
  const commands = next(out)
  const width = Math.max(...commands.map(([command]) => command.length)) + 2
  return commands.flatMap(([command, what]) => {
    const lines = wrapTo(what, Math.max(20, page.columns - width - 2))
    return lines.map((line, index) => `  ${page.paint('cyan', (index === 0 ? command : '').padEnd(width))}${line}`)
  })
}

/** The summary of a plan that was made. @param out the file that it was written to */
export const renderSummary = (page: Page, run: RunStatus, examples: Examples, out?: string): string => {
  const { result, id } = run
  const { planned } = result
  const head = `Plan ${id}. Nothing was written to Clerk or Salesforce.`
  if (!planned || planned.kinds.length === 0) return `${head}\nThere is nothing to do: both sides agree.\n`
  const sections = [renderRisks(page, run, examples), renderCost(page, run), renderNext(page, out)]
  return [
    head,
    renderCounts(planned, page.columns).trimEnd(),
    ...sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines])),
    '',
  ].join('\n')
}
