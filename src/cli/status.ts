import type { Command } from 'commander'
import type { SalesforceStatus, Status } from '../server/operations.ts'
import { renderMappingChange } from '../sync/plan/mapping-print.ts'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { renderRuns } from './runs/render-run.ts'
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

const followed: Readonly<Record<SalesforceStatus['following']['by'], string>> = {
  stream: 'followed by change events',
  poll: 'followed by polling',
  off: 'not followed',
  waiting: 'not followed yet',
  standby: 'followed by another process',
  trying: 'the stream of change events is being opened again',
}

const renderSalesforce = ({ state, paused, problems, following, usage }: SalesforceStatus): string[][] => [
  ['Salesforce', paused ? `paused (${paused.reason}): ${paused.detail}` : state],
  ['Salesforce changes', [followed[following.by], following.detail].filter((text) => text !== '').join(': ')],
  ...problems.map((problem) => ['Salesforce problem', problem]),
  ...(usage ? [['Salesforce API calls', `${usage.used} of ${usage.limit} used today`]] : []),
]

/** The hint has a line of its own: with it the first one would be too long, and the whole table ruled. */
const renderRequests = ({ asked, open, failed }: Status['counts']): string[][] => [
  ['requests from Salesforce', `${open} open, ${asked} to be approved, ${failed} failed`],
  ...(asked + open + failed > 0 ? [['', '(clerkforce approvals)']] : []),
]

const renderStatus = ({ counts, links, runs, salesforce, clerkAway, mapping }: Status): string => {
  const behind = counts.behindMs > 1_000 ? `; the oldest has been due for ${Math.round(counts.behindMs / 1_000)} s` : ''
  const state = renderTable(
    [{ title: 'State' }, { title: '', wraps: true }],
    [
      ['webhooks waiting', String(counts.hints)],
      ['webhooks with a problem', `${counts.problems}${counts.problems > 0 ? '  (clerkforce problems)' : ''}`],
      ['people to ask Clerk about', String(counts.gaps)],
      ['Salesforce records to read', String(counts.stale)],
      ['links dirty', `${counts.dirty}, of which ${counts.waiting} wait for a parent${behind}`],
      ['links parked', `${counts.parked}${counts.parked > 0 ? '  (clerkforce parked)' : ''}`],
      ...(counts.planned > 0 ? [['links only planned', `${counts.planned}  (clerkforce apply or backfill)`]] : []),
      ...renderRequests(counts),
      ...(salesforce ? renderSalesforce(salesforce) : []),
      ...(clerkAway ? [['Clerk', `not written to (${clerkAway.reason}): ${clerkAway.detail}`]] : []),
      ...(mapping ?? []).map((change) => [
        'mapping changed',
        `${renderMappingChange(change)}  (clerkforce resync --changed-mapping)`,
      ]),
    ],
  )
  const entities = renderTable(
    [{ title: 'Entity' }, { title: 'Linked' }, { title: 'Parked' }],
    links.map((one) => [one.entity, String(one.linked), String(one.parked)]),
  )
  return state + (runs.length > 0 ? renderRuns(runs) : '') + (links.length > 0 ? entities : '')
}
