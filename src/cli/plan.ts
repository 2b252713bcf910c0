import type { Command } from 'commander'
import { SettingError } from '../errors.ts'
import type { Operations } from '../server/operations.ts'
import type { RunStatus } from '../server/runs.ts'
import type { PlannedFilter, PlannedFlag, PlannedRow } from '../sync/mirror/planned.ts'
import { addOptions } from './add-options.ts'
import { paintFor } from './explain/text.ts'
import { printJsonList } from './json-list.ts'
import { operate } from './operate.ts'
import { planPage } from './plan/page.ts'
import { planLines } from './plan/plan-file.ts'
import { plannedRows } from './plan/planned-rows.ts'
import { type Page, renderRecord } from './plan/render-record.ts'
import { type Examples, renderSummary } from './plan/render-summary.ts'
import { readShown } from './plan/shown.ts'
import { checkPlace, writeWhole } from './plan/write-whole.ts'
import { withProgress } from './progress.ts'
import { readCount } from './read-number.ts'
import { endOfRun } from './runs/end-of-run.ts'
import { followRun } from './runs/follow-run.ts'
import { renderRun } from './runs/render-run.ts'
import { printJson } from './table.ts'
import { untilStopped } from './until-stopped.ts'
import { engineSettings, withEngine } from './with-engine.ts'

type Flags = {
  last: boolean
  out?: string
  html?: string
  show?: PlannedFilter
  all: boolean
  limit?: number
  json: boolean
}

const examplesOfRisk = 3
const shownAtMost = 50
/** Of each kind and entity: more than anybody reads, and a page that a browser opens at once. */
const onPageAtMost = 500

const pageOf = ({ isTTY, columns = 80 }: NodeJS.WriteStream): Page => ({
  columns: isTTY ? Math.min(columns, 120) : 80,
  paint: paintFor(isTTY && process.stdout.hasColors()),
})

const readExamples = async (operations: Operations, { id, result }: RunStatus): Promise<Examples> => {
  const examples = new Map<PlannedFlag, readonly PlannedRow[]>()
  for (const { flag } of result.planned?.flags ?? [])
    examples.set(flag, (await operations.planned(id, { flag, limit: examplesOfRisk })).rows)
  return examples
}

/** Prints records one by one, and says where there are more. */
const printRecords = async (
  operations: Operations,
  run: RunStatus,
  { show = {}, all, limit }: Flags,
): Promise<void> => {
  const page = pageOf(process.stdout)
  const most = limit ?? (all ? Number.POSITIVE_INFINITY : shownAtMost)
  let shown = 0
  let more = false
  for await (const row of plannedRows(operations, run.id, { ...show, most: most + 1 })) {
    more = shown === most
    if (more) break
    process.stdout.write(`${shown === 0 ? '' : '\n'}${renderRecord(page, row).join('\n')}\n`)
    shown++
  }
  if (shown === 0) process.stdout.write(`Plan ${run.id} has nothing of that.\n`)
  if (more)
    process.stdout.write(`\nThere is more: --limit ${most * 10}, or --all; or the whole plan in a file with --out.\n`)
}

const privately = (path: string, what: string): void =>
  void process.stderr.write(
    `${path}: ${what}. It holds names, addresses and other personal data: only you can read it; see who else gets it.\n`,
  )

const tell = async (operations: Operations, run: RunStatus, flags: Flags): Promise<void> => {
  const { out, html, json, show, all, limit } = flags
  if (out !== undefined) {
    await withProgress('Writing the file', writeWhole(out, planLines(run, plannedRows(operations, run.id))))
    privately(out, 'the plan, a record a line; strike out lines that are not to be written')
  }
  if (html !== undefined) {
    const chunks = planPage(operations, run, { most: limit ?? onPageAtMost })
    await withProgress('Writing the page', writeWhole(html, chunks))
    privately(html, 'the plan as a page')
  }
  if (json && !show && !all) return printJson(run)
  if (json)
    return printJsonList(
      run,
      'records',
      plannedRows(operations, run.id, { ...show, ...(limit === undefined ? {} : { most: limit }) }),
    )
  if (show || all) return printRecords(operations, run, flags)
  process.stdout.write(renderSummary(pageOf(process.stdout), run, await readExamples(operations, run), out))
}

const noPlan = (): never => {
  throw new SettingError(
    'There is no plan to show: none was made, another one is being made, or it was older than 30 days. clerkforce plan makes one.',
  )
}

export const registerPlan = (program: Command): void => {
  const command = program
    .command('plan')
    .description(
      'say what clerkforce would write, record by record, before anything is written; writes to neither side',
    )
    .option('--last', 'the plan that was made last, instead of a new one', false)
    .option('--out <file>', 'write it to a file, for clerkforce apply; personal data')
    .option('--html <file>', 'write it as a page, for whoever must approve; personal data')
    .option('--show <what>', 'record by record: people, adopt, overwrites, user_… and the like', readShown)
    .option('--all', 'record by record, all of it', false)
    .option('--limit <number>', 'how many records at most, of each kind on a page', readCount)
    .option('--json', 'print JSON, with records where --show or --all asks for them', false)
    .action(async (flags: Flags) => {
      if (flags.out !== undefined) await checkPlace(flags.out, '--out')
      if (flags.html !== undefined) await checkPlace(flags.html, '--html')
      if (flags.last)
        return operate({ flags }, async (operations) =>
          tell(operations, (await operations.lastPlan()) ?? noPlan(), flags),
        )
      const stopped = untilStopped()
      await withEngine(
        flags,
        async (operations, place) => {
          const followed = await followRun(operations, () => operations.startRun({ kind: 'plan' }), stopped)
          if (followed.end === 'over') {
            if (followed.run.state === 'done') await tell(operations, followed.run, flags)
            else process.stdout.write(renderRun(followed.run))
          }
          endOfRun(followed, place, 'plan')
        },
        { observeOnly: true },
      )
    })
  addOptions(command, engineSettings)
}
