import type { Command } from 'commander'
import type { Resync } from '../sync/decide/resync.ts'
import { renderMappingChange } from '../sync/plan/mapping-print.ts'
import { addOptions } from './add-options.ts'
import { isAgreed } from './agree.ts'
import { operate } from './operate.ts'
import { printJson, renderTable } from './table.ts'

type Flags = { changedMapping: boolean; yes: boolean; dryRun: boolean; json: boolean }

const render = ({ changes, entities }: Resync): string => {
  if (changes.length === 0) return 'The mapping is the one that was accepted last.\n'
  const told = changes.map((change) => `${renderMappingChange(change)}\n`).join('')
  if (entities.length === 0) return `${told}It concerns no record that is there.\n`
  const rows = entities.map(({ entity, concerned, links }) => [entity, String(concerned), String(links)])
  return told + renderTable([{ title: 'Links' }, { title: 'Concerned' }, { title: 'Of' }], rows)
}

const accepted = ({ entities }: Resync): string =>
  entities.some(({ concerned }) => concerned > 0)
    ? 'The mapping is accepted. Those concerned are compared and written anew: by a running clerkforce serve, or by its next start.\n'
    : 'The mapping is accepted.\n'

export const registerResync = (program: Command): void => {
  const command = program
    .command('resync')
    .description('write anew the records that a changed mapping concerns, and accept the mapping')
    .option('--changed-mapping', 'those that differ because of what was changed in the mapping', false)
    .option('--dry-run', 'only say what was changed, and how many records that concerns', false)
    .option('--yes', 'do not ask', false)
    .option('--json', 'print JSON', false)
    .action(async (flags: Flags) => {
      if (!flags.changedMapping) command.error('error: say what to write anew: --changed-mapping')
      const asks = !flags.yes && !flags.dryRun
      if (asks && !process.stdin.isTTY) command.error('error: there is no terminal to ask on; give --yes, or --dry-run')
      const resync = (mark: boolean): Promise<Resync> =>
        operate({ flags, salesforce: true, mapping: true, doing: () => 'Comparing' }, (operations) =>
          operations.resync(mark),
        )
      let found = flags.yes ? undefined : await resync(false)
      if (asks && found) {
        process.stderr.write(render(found))
        if (found.changes.length === 0) return
        if (!(await isAgreed('Write them anew?'))) return void process.stderr.write('Nothing was marked.\n')
      }
      if (!flags.dryRun) found = await resync(true)
      if (!found) return
      if (flags.json) printJson(found)
      else process.stdout.write(render(found) + (flags.dryRun || found.changes.length === 0 ? '' : accepted(found)))
    })
  addOptions(command, ['salesforce', 'mapping', 'database', 'server'])
}
