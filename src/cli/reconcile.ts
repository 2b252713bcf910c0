import type { Command } from 'commander'
import { addOptions } from './add-options.ts'
import { readCount } from './read-number.ts'
import { endOfRun } from './runs/end-of-run.ts'
import { followRun } from './runs/follow-run.ts'
import { renderRun } from './runs/render-run.ts'
import { writeDrift, writeRunJson } from './runs/write-drift.ts'
import { untilStopped } from './until-stopped.ts'
import { engineSettings, withEngine } from './with-engine.ts'

type Flags = { acceptDeletions?: number; list: boolean; json: boolean }

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
      await withEngine(flags, async (operations, place) => {
        const begin = () => operations.startRun({ kind: 'reconcile', acceptDeletions })
        const followed = await followRun(operations, begin, stopped)
        const { run, end } = followed
        if (end === 'over' && json) await writeRunJson(operations, run)
        else if (end === 'over') {
          process.stdout.write(renderRun(run))
          if (list) await writeDrift(operations, run)
        }
        endOfRun(followed, place, 'reconcile')
      })
    })
  addOptions(command, engineSettings)
}
