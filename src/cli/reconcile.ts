import type { Command } from 'commander'
import type { RunOperations, RunStatus } from '../server/runs.ts'
import type { DriftRow } from '../sync/mirror/drift.ts'
import { addOptions } from './add-options.ts'
import { readCount } from './read-number.ts'
import { endOfRun } from './runs/end-of-run.ts'
import { followRun } from './runs/follow-run.ts'
import { renderDriftRows, renderRun } from './runs/render-run.ts'
import { untilStopped } from './until-stopped.ts'
import { engineSettings, withEngine } from './with-engine.ts'

type Flags = { acceptDeletions?: number; list: boolean; json: boolean }

const rowsAtOnce = 1_000

/** Writes what a run has found page by page: there may be more of it than fits into memory. */
const writePages = async (
  { drift }: RunOperations,
  { id }: RunStatus,
  write: (rows: readonly DriftRow[], first: boolean) => void,
): Promise<void> => {
  for (let after = 0, first = true; ; first = false) {
    const rows = await drift(id, after, rowsAtOnce)
    const last = rows.at(-1)
    if (!last) return
    write(rows, first)
    after = last.id
  }
}

const writeJson = async (operations: RunOperations, run: RunStatus): Promise<void> => {
  const { stdout } = process
  // The list is the last key: everything before its bracket is written at once.
  stdout.write(`${JSON.stringify({ ...run, drift: [] }, null, 2).replace(/\]\n\}$/, '')}`)
  await writePages(operations, run, (rows, first) => {
    const lines = rows.map(({ id: _, ...row }) => `\n    ${JSON.stringify(row)}`).join(',')
    stdout.write(`${first ? '' : ','}${lines}`)
  })
  stdout.write('\n  ]\n}\n')
}

export const registerReconcile = (program: Command): void => {
  const command = program
    .command('reconcile')
    .description('compare both sides record by record, say what has drifted apart, and repair it')
    .option('--accept-deletions <number>', 'go on although so many records are gone in Clerk', readCount)
    .option('--list', 'print each record that has drifted', false)
    .option('--json', 'print JSON, with each record', false)
    .action(async (flags: Flags) => {
      const stopped = untilStopped()
      const { acceptDeletions, list, json } = flags
      const run = await withEngine(flags, async (operations) => {
        const begin = () => operations.startRun({ kind: 'reconcile', acceptDeletions })
        const ended = await followRun(operations, begin, stopped)
        if (ended && json) await writeJson(operations, ended)
        else if (ended) {
          process.stdout.write(renderRun(ended))
          if (list) await writePages(operations, ended, (rows) => process.stdout.write(renderDriftRows(rows)))
        }
        return ended
      })
      endOfRun(run, 'reconcile')
    })
  addOptions(command, engineSettings)
}
