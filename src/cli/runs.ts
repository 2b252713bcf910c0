import { type Command, InvalidArgumentError } from 'commander'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { readLimit } from './read-number.ts'
import { renderRun, renderRuns } from './runs/render-run.ts'
import { writeDrift, writeRunJson } from './runs/write-drift.ts'
import { printJson } from './table.ts'

const readRunNumber = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be the number of a run.')
  return Number(text)
}

export const registerRuns = (program: Command): void => {
  const command = program
    .command('runs')
    .description(
      'list backfills, reconciles, plans and applies, newest first; with a number: how that one stands, and each record that it found',
    )
    .argument('[number]', 'the number of a run', readRunNumber)
    .option('--limit <number>', 'how many at most', readLimit, 20)
    .option('--before <number>', 'those before this run', readRunNumber)
    .option('--json', 'print JSON', false)
    .action(async (id: number | undefined, flags: { limit: number; before?: number; json: boolean }) => {
      await operate({ flags }, async (operations) => {
        if (id === undefined) {
          const runs = await operations.runs(flags.before, flags.limit)
          if (flags.json) printJson(runs)
          else process.stdout.write(runs.length === 0 ? 'There was no run yet.\n' : renderRuns(runs))
          return
        }
        const run = await operations.run(id)
        if (!run)
          throw new Error(`there is no run ${id}: clerkforce runs lists them; they are kept as long as the journal`)
        if (flags.json) return writeRunJson(operations, run)
        process.stdout.write(renderRun(run))
        await writeDrift(operations, run)
      })
    })
  addOptions(command, ['database', 'server'])
}
