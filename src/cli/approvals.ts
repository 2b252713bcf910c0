import { type Command, InvalidArgumentError } from 'commander'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { readLimit } from './read-number.ts'
import { printJson, renderTable, renderTime } from './table.ts'

const plural = (count: number): string => `${count} request${count === 1 ? '' : 's'}`

/** A key such as `account/001…`, as the list shows it. */
const readKey = (text: string, before: readonly string[] = []): string[] => {
  if (!/^(account|contact)\/\w{18}$/.test(text))
    throw new InvalidArgumentError('It is not the key of a request, as clerkforce approvals shows them.')
  return [...before, text]
}

const states = { asked: 'to be approved', open: 'open', failed: 'failed' } as const

const registerList = (program: Command): void => {
  const command = program
    .command('approvals')
    .description('list what Salesforce asks for in Clerk and has not got; approve and deny decide about it')
    .option('--limit <number>', 'how many at most, those to be decided about first', readLimit, 100)
    .option('--json', 'print JSON', false)
    .action(async (flags: { json: boolean; limit: number }) => {
      const requests = await operate({ flags }, (operations) => operations.approvals(flags.limit))
      if (flags.json) return printJson(requests)
      if (requests.length === 0) return void process.stdout.write('Nothing is asked for.\n')
      const columns = [{ title: 'Request' }, { title: 'State' }, { title: 'Reason', wraps: true }] as const
      const rows = requests.map(({ key, kind, state, askedAt, code, reason }) => [
        [key, kind, renderTime(askedAt)].join('\n'),
        states[state],
        code === null ? '' : `${code}: ${reason}`,
      ])
      process.stdout.write(renderTable(columns, rows))
      if (requests.length === flags.limit) process.stdout.write(`The first ${flags.limit}; --limit shows more.\n`)
    })
  addOptions(command, ['database', 'server'])
}

/** Why a key may have had no effect. */
const whyNothing = {
  approve: 'approved or carried out already, or never asked for',
  deny: 'begun or carried out already, denied before, or never asked for',
} as const

type DecideFlags = { all: boolean; json: boolean }

const registerDecision = (program: Command, decision: 'approve' | 'deny', words: string, done: string): void => {
  const command = program
    .command(decision)
    .description(words)
    .argument('[request...]', 'keys of requests, as clerkforce approvals shows them', readKey)
    .option('--all', 'all that wait for approval', false)
    .option('--json', 'print JSON', false)
    .action(async (keys: string[] | undefined, flags: DecideFlags) => {
      const given = [...new Set(keys)]
      if (flags.all && given.length > 0) command.error('error: give requests, or --all, not both')
      if (!flags.all && given.length === 0) command.error(`error: give the requests to ${decision}, or --all`)
      const decided = await operate({ flags }, (operations) => operations.decide(decision, flags.all ? 'all' : given))
      const left = given.filter((key) => !decided.includes(key))
      if (flags.json) printJson({ requests: decided })
      else {
        const rest = left.length > 0 ? `; nothing to ${decision} at ${left.join(', ')}: ${whyNothing[decision]}` : ''
        process.stdout.write(`${plural(decided.length)} ${done}${rest}.\n`)
      }
      if (left.length > 0) process.exitCode = 1
    })
  addOptions(command, ['database', 'server'])
}

/** `approvals`, `approve` and `deny`. */
export const registerApprovals = (program: Command): void => {
  registerList(program)
  registerDecision(program, 'approve', 'let requests through, or have those that failed tried again', 'approved')
  registerDecision(program, 'deny', 'refuse requests for good, whatever Salesforce says', 'denied')
}
