import { type Command, Option } from 'commander'
import type { RunEntity } from '../sync/mirror/runs.ts'
import { addOptions } from './add-options.ts'
import { endOfRun } from './runs/end-of-run.ts'
import { followRun } from './runs/follow-run.ts'
import { renderRun } from './runs/render-run.ts'
import { printJson } from './table.ts'
import { untilStopped } from './until-stopped.ts'
import { engineSettings, withEngine } from './with-engine.ts'

type Flags = { only?: keyof typeof entityOf; json: boolean }

const entityOf = {
  people: 'person',
  organizations: 'organization',
  memberships: 'membership',
} as const satisfies Record<string, RunEntity>

export const registerBackfill = (program: Command): void => {
  const command = program
    .command('backfill')
    .description('bring over everything that is in Clerk already; goes on where it was stopped or killed')
    .addOption(new Option('--only <which>', 'only these').choices(Object.keys(entityOf)))
    .option('--json', 'print JSON', false)
    .action(async (flags: Flags) => {
      const stopped = untilStopped()
      const only = flags.only && [entityOf[flags.only]]
      const run = await withEngine(flags, (operations) =>
        followRun(operations, () => operations.startRun({ kind: 'backfill', only }), stopped),
      )
      if (run) {
        if (flags.json) printJson(run)
        else process.stdout.write(renderRun(run))
      }
      endOfRun(run, 'backfill')
    })
  addOptions(command, engineSettings)
}
