import { type Command, InvalidArgumentError } from 'commander'
import { addOptions } from './add-options.ts'
import { renderExplanation } from './explain/render.ts'
import { operate } from './operate.ts'
import { readLimit } from './read-number.ts'
import { printJson } from './table.ts'

/** An id of either side or an e-mail address. */
const readAsked = (text: string): string => {
  const asked = text.trim()
  if (/^\P{Cc}{1,320}$/u.test(asked)) return asked
  throw new InvalidArgumentError('It must be an id of Clerk or Salesforce, or an e-mail address.')
}

const unknown = (asked: string): string =>
  `clerkforce knows nothing of ${asked}: no webhook or change event has named it, and nothing was written to it.
  Is it the id of another instance or org? "clerkforce problems" lists webhooks that could not be read.
  If it is there, change anything about it on its side: that is told, and then it is known.\n`

export const registerExplain = (program: Command): void => {
  const command = program
    .command('explain')
    .description('say all about one record: both sides, how it stands, why each field is as it is, and what happened')
    .argument('<id>', 'user_… org_… orgmem_… orginv_… 003… 001… 07k… or an e-mail address', readAsked)
    .option('--limit <number>', 'how much of what happened, newest first', readLimit, 100)
    .option('--json', 'print JSON', false)
    .action(async (asked: string, flags: { json: boolean; limit: number }) => {
      const explanation = await operate({ flags, mapping: true }, (operations) =>
        operations.explain(asked, flags.limit),
      )
      const isKnown = explanation.records.length + explanation.matches.length > 0
      if (!isKnown) process.exitCode = 1
      if (flags.json) return printJson(explanation)
      if (!isKnown) return void process.stderr.write(unknown(asked))
      const { isTTY, columns = 80 } = process.stdout
      const coloured = isTTY && process.stdout.hasColors()
      process.stdout.write(renderExplanation(explanation, { columns: isTTY ? Math.min(columns, 120) : 80, coloured }))
    })
  addOptions(command, ['mapping', 'database', 'server'])
}
