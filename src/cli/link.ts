import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import type { DecidedPair, WantedPair } from '../sync/decide/decide.ts'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { printJson, renderTable } from './table.ts'

const groups = ['salesforce', 'database', 'server'] as const

/** Of a file, so many are decided at a time: what comes after a failure is simply given again. */
const atOnce = 200

const readId = (text: string): string => {
  if (/^\w{1,255}$/.test(text)) return text
  throw new InvalidArgumentError('It must be an id of Clerk (user_…, org_…) or Salesforce (003…, 001…).')
}

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

const readDecisions = async (file: string): Promise<{ pairs: WantedPair[]; left: number }> => {
  const { readPairs } = await import('./pair-file.ts')
  try {
    return readPairs(await readFile(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

const render = (decided: readonly DecidedPair[], left: number): string => {
  const refused = decided.filter((one) => one.refused !== null)
  const rows = refused.map(({ clerkId, salesforceId, refused: why }) => [
    `${clerkId}\n${salesforceId ?? 'none'}`,
    why ?? '',
  ])
  const table = rows.length > 0 ? renderTable([{ title: 'Refused' }, { title: 'Why', wraps: true }], rows) : ''
  const rest = left > 0 ? `; ${plural(left, 'line')} without a decision` : ''
  return `${table}${plural(decided.length - refused.length, 'pair')} decided, ${refused.length} refused${rest}. A running clerkforce serve carries it out; what is only planned so far, the next plan has.\n`
}

type LinkFlags = { file?: string; json: boolean }

const registerPairing = (program: Command): void => {
  const command = program
    .command('link')
    .description('link a Clerk record to a Salesforce record, whatever matches; it is remembered')
    .argument('[clerk id]', 'user_… or org_…', readId)
    .argument('[salesforce id]', '003… or 001…, or none: leave those that match alone, and make a new one', readId)
    .option(
      '--file <csv>',
      'decisions with the columns clerk_id and salesforce_id, as clerkforce adoption --csv gives them',
    )
    .option('--json', 'print JSON', false)
    .action(async (clerkId: string | undefined, salesforceId: string | undefined, flags: LinkFlags) => {
      if ((flags.file === undefined) === (clerkId === undefined || salesforceId === undefined))
        command.error('error: give a Clerk id and a Salesforce id (or none), or --file')
      const { pairs, left } =
        flags.file === undefined
          ? {
              pairs: [{ clerkId: clerkId ?? '', salesforceId: salesforceId === 'none' ? null : (salesforceId ?? '') }],
              left: 0,
            }
          : await readDecisions(flags.file)
      let done = 0
      const doing = (): string => `Linking, ${done} of ${pairs.length}`
      const decided = await operate({ flags, salesforce: true, doing }, async (operations) => {
        const all: DecidedPair[] = []
        for (; done < pairs.length; done += atOnce)
          all.push(...(await operations.link(pairs.slice(done, done + atOnce))))
        return all
      })
      if (flags.json) printJson({ pairs: decided, left })
      else process.stdout.write(render(decided, left))
      if (decided.some(({ refused }) => refused !== null)) process.exitCode = 1
    })
  addOptions(command, groups)
}

/** `link` and `unlink`. */
export const registerLink = (program: Command): void => {
  registerPairing(program)
  const command = program
    .command('unlink')
    .description('take a pair apart: the Salesforce record loses the Clerk id, and is not paired again by itself')
    .argument('<id>', 'of either side: user_… org_… 003… 001…', readId)
    .option('--new', 'make a new Salesforce record in its place', false)
    .option('--json', 'print JSON', false)
    .action(async (id: string, flags: { new: boolean; json: boolean }) => {
      const pair = await operate({ flags }, (operations) => operations.unlink(id, flags.new))
      if (flags.json) return printJson(pair)
      const what =
        pair.salesforceId === null
          ? `${pair.clerkId} was linked to nothing`
          : `${pair.clerkId} and ${pair.salesforceId} are no pair any more`
      const next = flags.new
        ? 'a new record is made'
        : `it is left alone until: clerkforce link ${pair.clerkId} <Salesforce id>`
      process.stdout.write(
        `${what}; ${next}. A running clerkforce serve carries it out; what is only planned so far, the next plan has.\n`,
      )
    })
  addOptions(command, ['database', 'server'])
}
