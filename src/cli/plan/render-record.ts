/** One record of a plan for a terminal: what would be done, with whom, why, and each field before and after. */
import type { PlannedField, PlannedRow } from '../../sync/mirror/planned.ts'
import { columnsOf, cutTo, harmless, type Paint, wrapTo } from '../explain/text.ts'
import { flagWords, objectNames, showValue } from './words.ts'

export type Page = { columns: number; paint: Paint }

const indent = 7
const indented = ({ columns }: Page, text: string, by: number): string[] =>
  wrapTo(harmless(text), columns - by).map((line) => ' '.repeat(by) + line)

/** Both values in so many columns; where there is no room for both, each gets half, or what the other leaves. */
const changeIn = (room: number, before: string, after: string): string => {
  const half = Math.floor(room / 2)
  const [first, second] = [columnsOf(before), columnsOf(after)]
  return `${cutTo(before, Math.max(half, room - second))} → ${cutTo(after, Math.max(half, room - first))}`
}

const valueLine = (page: Page, field: string, { side, before, after }: PlannedField, made: boolean): string => {
  const where = side === 'clerk' ? `${field} in Clerk` : field
  const room = Math.max(24, page.columns - indent - where.length - 2)
  const [from, to] = [before, after].map((value) => harmless(showValue(value)))
  const change = made ? cutTo(to ?? '', room) : changeIn(room - 3, from ?? '', to ?? '')
  return `${' '.repeat(indent)}${page.paint('bold', where)}: ${change}`
}

const recordOf = ({ entity, salesforceId, kind }: PlannedRow): string => {
  if (salesforceId === null) return ''
  return salesforceId.startsWith('new:') || kind === 'create'
    ? `a new ${objectNames[entity]}`
    : `${objectNames[entity]} ${salesforceId}`
}

/** A record as lines. */
export const renderRecord = (page: Page, row: PlannedRow): string[] => {
  const { kind, clerkId, name, flags, reason, fields } = row
  const made = kind === 'create'
  const head = cutTo(`${clerkId}  ${harmless(name)}`, page.columns - indent)
  const record = recordOf(row)
  return [
    `${page.paint(kind === 'park' ? 'yellow' : 'cyan', kind.padEnd(indent - 1))} ${page.paint('bold', head)}`,
    ...indented(page, record === '' ? reason : `${record}: ${reason}`, indent),
    ...flags.flatMap((flag) =>
      indented(page, `! ${flagWords[flag]}`, indent).map((line) => page.paint('yellow', line)),
    ),
    ...Object.entries(fields).flatMap(([field, one]) => [
      valueLine(page, field, one, made),
      ...(one.why === ''
        ? []
        : indented(page, one.rule === undefined ? one.why : `${one.why} [rule ${one.rule}]`, indent + 2).map((line) =>
            page.paint('dim', line),
          )),
    ]),
  ]
}

/** What a record replaces, or why it is there, in a line. */
export const essenceOf = ({ fields, reason }: PlannedRow): string => {
  const replaced = Object.entries(fields).filter(([, { before }]) => before !== null && before !== '')
  const changes = replaced.map(([field, { before, after }]) => `${field} ${showValue(before)} → ${showValue(after)}`)
  return changes.length > 0 ? changes.join(', ') : reason
}

/** A record in two lines, for a list of examples. */
export const renderExample = ({ columns, paint }: Page, row: PlannedRow): string[] => [
  cutTo(harmless(`${row.clerkId} ${row.name}`), columns),
  `  ${paint('dim', cutTo(harmless(essenceOf(row)), columns - 2))}`,
]
