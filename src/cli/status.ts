import type { Command } from 'commander'
import type { SalesforceStatus, Status } from '../server/operations.ts'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { printJson, renderTable } from './table.ts'

export const registerStatus = (program: Command): void => {
  const command = program
    .command('status')
    .description('say how much is waiting, linked and parked')
    .option('--json', 'print JSON', false)
    .action(async (flags: { json: boolean }) => {
      const status = await operate({ flags }, (operations) => operations.status())
      if (flags.json) printJson(status)
      else process.stdout.write(renderStatus(status))
    })
  addOptions(command, ['database', 'server'])
}

const renderSalesforce = ({ state, paused, problems, usage }: SalesforceStatus): string[][] => [
  ['Salesforce', paused ? `paused (${paused.reason}): ${paused.detail}` : state],
  ...problems.map((problem) => ['Salesforce problem', problem]),
  ...(usage ? [['Salesforce API calls', `${usage.used} of ${usage.limit} used today`]] : []),
]

const renderStatus = ({ counts, links, salesforce }: Status): string => {
  const behind = counts.behindMs > 1_000 ? `; the oldest has been due for ${Math.round(counts.behindMs / 1_000)} s` : ''
  const state = renderTable(
    [{ title: 'State' }, { title: '', wraps: true }],
    [
      ['webhooks waiting', String(counts.hints)],
      ['webhooks with a problem', `${counts.problems}${counts.problems > 0 ? '  (clerkforce problems)' : ''}`],
      ['people to ask Clerk about', String(counts.gaps)],
      ['links dirty', `${counts.dirty}, of which ${counts.waiting} wait for a parent${behind}`],
      ['links parked', `${counts.parked}${counts.parked > 0 ? '  (clerkforce parked)' : ''}`],
      ...(salesforce ? renderSalesforce(salesforce) : []),
    ],
  )
  const entities = renderTable(
    [{ title: 'Entity' }, { title: 'Linked' }, { title: 'Parked' }],
    links.map((one) => [one.entity, String(one.linked), String(one.parked)]),
  )
  return links.length > 0 ? state + entities : state
}
