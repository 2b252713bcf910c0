import type { Command } from 'commander'
import type { Retried } from '../server/operations.ts'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { readLink } from './read-number.ts'
import { printJson } from './table.ts'

type RetryFlags = { all: boolean; deleted: boolean; problems: boolean; json: boolean }

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

export const registerRetry = (program: Command): void => {
  const command = program
    .command('retry')
    .description('try parked links again, and webhooks that could not be read')
    .argument('[link...]', 'numbers of links, as clerkforce parked shows them', readLink)
    .option('--all', 'all parked links, except those whose record was deleted in Salesforce', false)
    .option('--deleted', 'with --all: these too, which makes new records', false)
    .option('--problems', 'all webhooks that could not be read', false)
    .option('--json', 'print JSON', false)
    .action(async (links: number[] | undefined, flags: RetryFlags) => {
      const given = [...new Set(links)]
      if (flags.all && given.length > 0) command.error('error: give links, or --all, not both')
      if (flags.deleted && !flags.all) command.error('error: --deleted goes with --all')
      if (!flags.all && !flags.problems && given.length === 0)
        command.error('error: give the links to retry, or --all, or --problems')
      const what = {
        links: flags.all ? ('all' as const) : given,
        ...(flags.deleted && { deleted: true }),
        problems: flags.problems,
      }
      const retried = await operate({ flags }, (operations) => operations.retry(what))
      if (flags.json) printJson(retried)
      else process.stdout.write(renderRetried(retried, flags, given.length))
      if (retried.links < given.length) process.exitCode = 1
    })
  addOptions(command, ['database', 'server'])
}

const renderRetried = ({ links, leftOut, problems }: Retried, flags: RetryFlags, given: number): string => {
  const lines: string[] = []
  if (flags.all || given > 0) {
    const rest = given > links ? `; ${plural(given - links, 'other')} not parked` : ''
    lines.push(`${plural(links, 'parked link')} will be tried again${rest}.`)
  }
  if (leftOut > 0)
    lines.push(
      `${plural(leftOut, 'link')} left out: DELETED_IN_SALESFORCE or GIVEN_TO_ANOTHER, and a retry makes a new record. To want that, give the numbers, or --all --deleted.`,
    )
  if (flags.problems) lines.push(`${plural(problems, 'webhook')} will be read again.`)
  return `${lines.join('\n')}\n`
}
