import type { Command } from 'commander'
import type { Operations } from '../server/operations.ts'
import { type AdoptionRow, adoptables } from '../sync/decide/adoption.ts'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { pairHeader, renderPair } from './pair-file.ts'
import { readLimit } from './read-number.ts'
import { printJson, renderTable } from './table.ts'

type Flags = { json: boolean; csv: boolean; limit: number }

const words: Readonly<Record<AdoptionRow['outcome'], string>> = {
  match: 'adopted: one matches',
  key: 'linked: it carries the Clerk id',
  ambiguous: 'a person decides: several match',
  none: 'a new one is made: none matches',
  decided: 'as a person decided',
  apart: 'left alone: a person unlinked it',
  failed: 'parked: the mapping fails for it',
}
/** What a person has to look at comes first. */
const order = Object.keys(words) as AdoptionRow['outcome'][]
const shownFirst: readonly AdoptionRow['outcome'][] = ['ambiguous', 'failed', 'match']

/** Page by page, so that memory does not grow with the number of records. */
const eachRow = async (operations: Operations, told: (row: AdoptionRow) => void): Promise<void> => {
  for (const entity of adoptables) {
    let after: string | null = ''
    while (after !== null) {
      const page: Awaited<ReturnType<Operations['adoption']>> = await operations.adoption(entity, after)
      for (const row of page.rows) told(row)
      after = page.next
    }
  }
}

const render = (counts: ReadonlyMap<string, number>, shown: readonly AdoptionRow[], total: number): string => {
  if (total === 0) return 'Every user and organization that clerkforce knows is linked.\n'
  const count = (entity: string, outcome: string): string => String(counts.get(`${entity} ${outcome}`) ?? 0)
  const summary = renderTable(
    [{ title: 'What would become of it', wraps: true }, { title: 'Organizations' }, { title: 'People' }],
    order.map((outcome) => [words[outcome], count('organization', outcome), count('person', outcome)]),
  )
  const rows = shown.map(({ clerkId, name, outcome, rule, salesforceId, candidates }) => [
    [clerkId, name].filter((one) => one !== '').join('\n'),
    outcome,
    candidates.map((one) => `${one.id} ${one.name}`.trim()).join('\n') || (salesforceId ?? rule ?? ''),
  ])
  const detail =
    rows.length > 0
      ? renderTable([{ title: 'In Clerk', wraps: true }, { title: '' }, { title: 'In Salesforce', wraps: true }], rows)
      : ''
  return `${detail}${summary}To decide: clerkforce adoption --csv > decisions.csv, edit it, clerkforce link --file decisions.csv\n`
}

export const registerAdoption = (program: Command): void => {
  const command = program
    .command('adoption')
    .description('report which Contacts and Accounts match the Clerk records that are not linked yet; writes nothing')
    .option('--limit <number>', 'how many to list in the table, those to be decided about first', readLimit, 50)
    .option('--csv', 'print CSV, to be edited and given to clerkforce link --file', false)
    .option('--json', 'print JSON', false)
    .action(async (flags: Flags) => {
      if (flags.csv && flags.json) command.error('error: give --csv or --json, not both')
      const counts = new Map<string, number>()
      const rows: AdoptionRow[] = []
      let total = 0
      const kept = new Map<AdoptionRow['outcome'], AdoptionRow[]>()
      const told = (row: AdoptionRow): void => {
        total++
        if (flags.csv) process.stdout.write(renderPair(row))
        else if (flags.json) rows.push(row)
        else {
          const name = `${row.entity} ${row.outcome}`
          counts.set(name, (counts.get(name) ?? 0) + 1)
          const list = kept.get(row.outcome) ?? []
          kept.set(row.outcome, list)
          if (list.length < flags.limit) list.push(row)
        }
      }
      if (flags.csv) process.stdout.write(pairHeader)
      const doing = (): string => `Asking Salesforce who matches, ${total} so far`
      await operate({ flags, salesforce: true, mapping: true, doing }, (operations) => eachRow(operations, told))
      if (flags.json) return printJson(rows)
      if (flags.csv) return
      const shown = shownFirst.flatMap((outcome) => kept.get(outcome) ?? []).slice(0, flags.limit)
      process.stdout.write(render(counts, shown, total))
    })
  addOptions(command, ['salesforce', 'mapping', 'database', 'server'])
}
