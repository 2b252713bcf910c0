import { type Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../clock.ts'
import type { Erasable } from '../server/erasures.ts'
import type { Operations } from '../server/operations.ts'
import type { Receipt } from '../sync/mirror/receipts.ts'
import { addOptions } from './add-options.ts'
import { isAgreed } from './agree.ts'
import { operate } from './operate.ts'
import { readCount } from './read-number.ts'
import { printJson, renderTable, renderTime } from './table.ts'

type Flags = { yes: boolean; force: boolean; receipt?: string; wait: number; json: boolean }

const readUser = (text: string): string => {
  if (!/^user_\w{1,250}$/.test(text)) throw new InvalidArgumentError('It must be the id of a Clerk user: user_…')
  return text
}

const policies = {
  anonymise: 'its mapped fields are emptied',
  delete: 'it is deleted, and its relations with it',
  keep: 'it stays as it is',
} as const

const describe = ({ person, known, contactId, livesInClerk, policy, erasedAt }: Erasable): string => {
  const lives = { true: 'lives in Clerk', false: 'is not in Clerk', null: 'may live in Clerk, which was not asked' }
  const contact = `Contact ${contactId}: ${policy ? policies[policy] : 'by the policy userErased of your mapping'}.`
  return [
    `${person} ${lives[`${livesInClerk}`]}.`,
    known ? '' : 'clerkforce has not seen this user; its webhooks may hold it all the same.',
    erasedAt === null ? '' : `It was erased before, at ${renderTime(erasedAt)}.`,
    contactId === null ? 'No Contact is linked to it.' : contact,
    'What clerkforce has of the person is removed for good.',
  ]
    .filter((line) => line !== '')
    .join('\n')
}

const isDone = ({ inbox, pending }: Receipt): boolean => inbox.endedAt !== null && pending === 0

/** Waits until the inbox was searched, however long it takes, and `waitMs` for Salesforce, which may be away. */
const follow = async (
  operations: Operations,
  first: Receipt,
  { waitMs, told }: { waitMs: number; told: (receipt: Receipt) => void },
): Promise<Receipt> => {
  const end = systemClock.now() + waitMs
  let receipt = first
  while (!isDone(receipt) && (receipt.inbox.endedAt === null || systemClock.now() < end)) {
    const before = receipt.inbox.searched
    receipt = (await operations.receipt(receipt.receipt)) ?? receipt
    told(receipt)
    if (!isDone(receipt) && receipt.inbox.searched === before) await systemClock.sleep(200)
  }
  return receipt
}

const did = {
  anonymise: 'emptied',
  end: 'ended',
  delete: 'deleted',
  nothing: 'left as it is, or not there',
} as const

/** The receipt for people. */
export const renderReceipt = (receipt: Receipt): string => {
  const { removed, inbox, salesforce, pending } = receipt
  const rows = [
    ...Object.entries(removed).map(([table, count]) => ['clerkforce', table, `${count} removed or emptied`]),
    ...salesforce.map(({ object, id, did: what, result, at }) => [
      'Salesforce',
      [object, id].filter((one) => one !== null).join('\n'),
      result === 'done' ? `${did[what]}, ${renderTime(at)}` : `parked as ${result}: see clerkforce parked`,
    ]),
  ]
  const left = [
    inbox.endedAt === null ? `The inbox is still being searched: ${inbox.searched} webhooks so far.` : '',
    pending > 0 ? `${pending} records wait to be written in Salesforce; a running clerkforce serve does it.` : '',
  ].filter((line) => line !== '')
  return [
    `Receipt ${receipt.receipt}`,
    `${receipt.person}, erased ${renderTime(receipt.at)} UTC; ${inbox.searched} webhooks searched.`,
    renderTable([{ title: 'Where' }, { title: 'What' }, { title: 'Result', wraps: true }], rows).trimEnd(),
    ...left,
    'Not reached: backups, Salesforce’s recycle bin and field history, fields that no rule maps or that Salesforce owns.',
    `To print it again: clerkforce erase --receipt ${receipt.receipt}`,
    '',
  ].join('\n')
}

const show = (receipt: Receipt, { json }: Flags): void => {
  if (json) printJson(receipt)
  else process.stdout.write(renderReceipt(receipt))
  if (!isDone(receipt) || receipt.salesforce.some(({ result }) => result !== 'done')) process.exitCode = 1
}

/** Runs work that follows a receipt, and says how far the search has come. */
const following = (flags: Flags, work: (operations: Operations) => Promise<Receipt>, clerk: boolean) => {
  let searched = 0
  const told = (receipt: Receipt): void => {
    searched = receipt.inbox.searched
  }
  const doing = (): string => (searched > 0 ? `Erasing: ${searched} webhooks searched` : 'Erasing')
  return operate({ flags, clerk, doing }, async (operations) =>
    follow(operations, await work(operations), { waitMs: flags.wait * 1_000, told }),
  )
}

const printAgain = async (id: string, flags: Flags): Promise<void> => {
  const found = async (operations: Operations): Promise<Receipt> => {
    const receipt = await operations.receipt(id)
    if (!receipt) throw new Error(`there is no receipt ${id}; an erasure prints its own`)
    return receipt
  }
  show(await following({ ...flags, wait: 0 }, found, false), flags)
}

export const registerErase = (program: Command): void => {
  const command = program
    .command('erase')
    .description(
      "remove a person's data from clerkforce's database and, by the policy userErased, from Salesforce; prints a receipt",
    )
    .argument('[user]', 'id of the Clerk user, deleted in Clerk before', readUser)
    .option('--yes', 'do not ask', false)
    .option('--force', 'also while the user lives in Clerk, or when Clerk cannot be asked', false)
    .option('--wait <seconds>', 'how long to wait for Salesforce', readCount, 30)
    .option('--receipt <id>', 'print the receipt of an erasure again, as things stand now')
    .option('--json', 'print JSON', false)
    .action(async (user: string | undefined, flags: Flags) => {
      if ((user === undefined) === (flags.receipt === undefined))
        command.error('error: give the user to erase, or --receipt')
      if (user === undefined) return printAgain(flags.receipt ?? '', flags)
      if (!flags.yes && !process.stdin.isTTY) command.error('error: there is no terminal to ask on; give --yes')
      const clerk = !flags.force
      if (!flags.yes) {
        const erasable = await operate({ flags, clerk }, (operations) => operations.erasable(user))
        process.stderr.write(`${describe(erasable)}\n`)
        if (erasable.livesInClerk !== true || flags.force)
          if (!(await isAgreed('Erase?'))) return void process.stderr.write('Nothing was erased.\n')
      }
      const { force } = flags
      show(await following(flags, (operations) => operations.erase({ person: user, force }), clerk), flags)
    })
  addOptions(command, ['clerk', 'database', 'server'])
}
