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

/** Said once, before anything was ever written. */
const planFirst = 'To see beforehand what this will write: Ctrl-C now, then clerkforce plan.\n'

export const registerBackfill = (program: Command): void => {
  const command = program
    .command('backfill')
    .description('bring over everything that is in Clerk already; goes on where it was stopped or killed')
    .addOption(new Option('--only <which>', 'only these').choices(Object.keys(entityOf)))
    .option('--json', 'print JSON', false)
    .action(async (flags: Flags) => {
      const stopped = untilStopped()
      const only = flags.only && [entityOf[flags.only]]
      await withEngine(flags, async (operations, place) => {
        if (process.stderr.isTTY && (await operations.runs(undefined, 1)).length === 0) process.stderr.write(planFirst)
        const begin = () => operations.startRun({ kind: 'backfill', only })
        const followed = await followRun(operations, begin, stopped)
        if (followed.end === 'over') {
          if (flags.json) printJson(followed.run)
          else process.stdout.write(renderRun(followed.run))
        }
        endOfRun(followed, place, 'backfill')
      })
    })
  addOptions(command, engineSettings)
}
