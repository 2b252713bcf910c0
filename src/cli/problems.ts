import type { Command } from 'commander'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { readLimit } from './read-number.ts'
import { printJson, renderTable, renderTime } from './table.ts'

export const registerProblems = (program: Command): void => {
  const command = program
    .command('problems')
    .description('list the webhooks that could not be read; retry --problems reads them again, as after an upgrade')
    .option('--limit <number>', 'how many at most, oldest first', readLimit, 100)
    .option('--json', 'print JSON', false)
    .action(async (flags: { json: boolean; limit: number }) => {
      const problems = await operate({ flags }, (operations) => operations.problems(flags.limit))
      if (flags.json) return printJson(problems)
      if (problems.length === 0) return void process.stdout.write('Every webhook could be read.\n')
      const columns = [{ title: 'Webhook' }, { title: 'Problem', wraps: true }] as const
      const rows = problems.map(({ deliveryId, type, receivedAt, problem }) => [
        [type, deliveryId, renderTime(receivedAt)].join('\n'),
        problem,
      ])
      process.stdout.write(renderTable(columns, rows))
    })
  addOptions(command, ['database', 'server'])
}
