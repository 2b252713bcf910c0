import { type Command, InvalidArgumentError } from 'commander'
import type { Value } from '../model/model.ts'
import type { Undo } from '../server/decisions.ts'
import type { Undone } from '../sync/decide/undo.ts'
import { addOptions } from './add-options.ts'
import { isAgreed } from './agree.ts'
import { operate } from './operate.ts'
import { readLimit } from './read-number.ts'
import { printJson, renderTable } from './table.ts'

type Flags = { run?: number; yes: boolean; force: boolean; dryRun: boolean; limit: number; json: boolean }

const readChange = (text: string, before: readonly number[] = []): number[] => [...before, readOne(text)]

const readOne = (text: string): number => {
  if (!/^\d{1,15}$/.test(text) || Number(text) < 1)
    throw new InvalidArgumentError('It must be a number, as clerkforce explain and clerkforce backfill show it.')
  return Number(text)
}

const show = (value: Value): string => (value === null ? '(empty)' : String(value))

const rowsOf = (one: Undone, done: boolean): string[][] => {
  const { changes, side, clerkId, salesforceId, refused, fields } = one
  const record = [`change ${changes.join(', ')}`, side === 'clerk' ? clerkId : salesforceId]
  const where = record.filter((part) => part !== null).join('\n')
  if (refused !== null) return [[where, 'refused', refused]]
  return fields.map(({ field, now, back, undone, text }) => [
    where,
    `${field}\n${show(now)} → ${show(back)}`,
    `${undone ? (done ? 'Undone' : 'Goes back') : 'Left'}: ${text}`,
  ])
}

const number = (count: number): string => count.toLocaleString('en')

/** A run may have written a hundred thousand records: what a person decides by is how many of which kind. */
const renderSum = (all: readonly Undone[], shown: number, done: boolean): string => {
  const fields = all.flatMap((one) => one.fields)
  const back = fields.filter(({ undone }) => undone).length
  const same = fields.filter(({ undone, outcome }) => !undone && outcome === 'same').length
  const refused = all.filter((one) => one.refused !== null).length
  const parts = [
    `${number(back)} ${done ? 'undone' : 'would go back'}`,
    `${number(fields.length - back - same)} left`,
    ...(same > 0 ? [`${number(same)} as before already`] : []),
    ...(refused > 0 ? [`${number(refused)} of the records refused`] : []),
  ]
  const rest = shown < all.length ? `${number(shown)} records are shown; more with --limit, all with --json.\n` : ''
  return `${number(all.length)} records, ${number(fields.length)} values: ${parts.join(', ')}.\n${rest}`
}

const render = (all: readonly Undone[], limit: number, done: boolean): string => {
  const writes = ({ fields }: Undone): number => (fields.some(({ undone }) => undone) ? 0 : 1)
  const shown = all.toSorted((a, b) => writes(a) - writes(b)).slice(0, limit)
  const table = renderTable(
    [{ title: 'Record' }, { title: 'Field', wraps: true }, { title: 'What comes of it', wraps: true }],
    shown.flatMap((one) => rowsOf(one, done)),
  )
  return all.length > 1 ? table + renderSum(all, shown.length, done) : table
}

const isWhole = ({ refused, fields }: Undone): boolean =>
  refused === null && fields.every(({ undone, outcome }) => undone || outcome === 'same')

export const registerUndo = (program: Command): void => {
  const command = program
    .command('undo')
    .description('go back to the values before changes of the journal, unless they were changed since')
    .argument('[change...]', 'numbers of changes, as clerkforce explain shows them', readChange)
    .option('--run <number>', 'all that this backfill, apply or reconcile has written', readOne)
    .option(
      '--force',
      'also what the rule of the field would write again; the link is then parked until a retry',
      false,
    )
    .option('--dry-run', 'only show what it would do', false)
    .option('--limit <number>', 'how many records to list, those that go back first', readLimit, 50)
    .option('--yes', 'do not ask', false)
    .option('--json', 'print JSON', false)
    .action(async (changes: number[] | undefined, flags: Flags) => {
      const { run, force } = flags
      const given = [...new Set(changes)]
      if ((given.length === 0) === (run === undefined)) command.error('error: give the changes to undo, or --run')
      const asks = !flags.yes && !flags.dryRun
      if (asks && !process.stdin.isTTY) command.error('error: there is no terminal to ask on; give --yes, or --dry-run')
      const what: Undo['changes'] = run === undefined ? given : { run }
      const undo = (carryOut: boolean): Promise<Undone[]> => {
        const doing = carryOut ? 'Undoing' : 'Asking how it is now'
        const options = { flags, salesforce: true, mapping: true, clerk: 'optional' as const, doing: () => doing }
        return operate(options, (operations) => operations.undo({ changes: what, do: carryOut, force }))
      }
      let undone = flags.yes ? [] : await undo(false)
      if (asks) {
        process.stderr.write(render(undone, flags.limit, false))
        const any = undone.some(({ fields }) => fields.some((field) => field.undone))
        if (!any || !(await isAgreed('Undo?'))) {
          process.stderr.write('Nothing was undone.\n')
          process.exitCode = any ? 0 : 1
          return
        }
      }
      if (!flags.dryRun) undone = await undo(true)
      if (flags.json) printJson(undone)
      else if (undone.length > 0) process.stdout.write(render(undone, flags.limit, !flags.dryRun))
      else process.stdout.write(`Run ${run} has written nothing that can be undone (clerkforce runs lists runs).\n`)
      if (!undone.every(isWhole)) process.exitCode = 1
    })
  addOptions(command, ['clerk', 'salesforce', 'mapping', 'database', 'server'])
}
