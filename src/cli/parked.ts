import type { Command } from 'commander'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { readLimit } from './read-number.ts'
import { printJson, renderTable, renderTime } from './table.ts'

export const registerParked = (program: Command): void => {
  const command = program
    .command('parked')
    .description('list the links that are set aside for a person, with the reason; retry tries them again')
    .option('--limit <number>', 'how many at most, oldest first', readLimit, 100)
    .option('--json', 'print JSON', false)
    .action(async (flags: { json: boolean; limit: number }) => {
      const parked = await operate({ flags }, (operations) => operations.parked(flags.limit))
      if (flags.json) return printJson(parked)
      if (parked.length === 0) return void process.stdout.write('Nothing is parked.\n')
      const columns = [{ title: 'Link' }, { title: 'Record' }, { title: 'Reason', wraps: true }] as const
      const rows = parked.map(({ link, entity, clerkId, salesforceId, code, reason, parkedAt }) => [
        String(link),
        [entity, clerkId, salesforceId, renderTime(parkedAt)].filter((one) => one !== null).join('\n'),
        `${code}: ${reason}`,
      ])
      process.stdout.write(renderTable(columns, rows))
      if (parked.length === flags.limit) process.stdout.write(`The oldest ${flags.limit}; --limit shows more.\n`)
    })
  addOptions(command, ['database', 'server'])
}
