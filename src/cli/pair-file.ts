import { CsvError, parse } from 'csv-parse/sync'
import type { AdoptionRow } from '../sync/decide/adoption.ts'
import type { WantedPair } from '../sync/decide/decide.ts'

/*
 * The CSV file of the adoption report, which is edited and read back by `link --file`. Only the first two columns count when it is read.
 */

const columns = ['clerk_id', 'salesforce_id', 'entity', 'outcome', 'rule', 'name', 'candidates'] as const

/** In place of an id: none of those that are there, a new one is made. */
const none = 'none'

/** Names are what anybody signs up with: a spreadsheet would take some of them for formulas. */
const harmless = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const line = (cells: readonly string[]): string => `${cells.map(cell).join(',')}\n`

/** The header of the file. */
export const pairHeader: string = line(columns)

/** A row of the report. What a person has to decide has no Salesforce id; what needs no decision, because a new one will be made, neither. */
export const renderPair = ({ clerkId, salesforceId, entity, outcome, rule, name, candidates }: AdoptionRow): string => {
  const shown = outcome === 'ambiguous' ? candidates.map((one) => `${one.id} ${one.name}`.trim()).join('; ') : ''
  const met = candidates[0]?.name ?? ''
  return line([
    clerkId,
    salesforceId ?? '',
    entity,
    outcome,
    rule ?? '',
    harmless(name),
    harmless(outcome === 'ambiguous' ? shown : met),
  ])
}

/** What a file says, with the lines on which nothing was decided counted. */
export type PairFile = { pairs: WantedPair[]; left: number }

/** What separates the columns: a spreadsheet in much of Europe saves semicolons, and some save tabs. Our own header has neither. */
const delimiterOf = (text: string): string => {
  const [header = ''] = text.split(/[\r\n]/, 1)
  return [',', ';', '\t'].find((one) => header.includes(one)) ?? ','
}

/** @throws Error that names the line, without its contents */
export const readPairs = (text: string): PairFile => {
  let rows: { readonly [column: string]: string | undefined }[]
  try {
    rows = parse(text, {
      bom: true,
      columns: true,
      delimiter: delimiterOf(text),
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Error(
      `it is not a CSV file (${error.code}${error['lines'] === undefined ? '' : `, line ${error['lines']}`})`,
    )
  }
  const [first] = rows
  if (first && !('clerk_id' in first && 'salesforce_id' in first))
    throw new Error(
      'its first line must name the columns clerk_id and salesforce_id, as clerkforce adoption --csv does',
    )
  const pairs = rows.flatMap(({ clerk_id: clerkId = '', salesforce_id: salesforceId = '' }) =>
    salesforceId === '' ? [] : [{ clerkId, salesforceId: salesforceId.toLowerCase() === none ? null : salesforceId }],
  )
  return { pairs, left: rows.length - pairs.length }
}
