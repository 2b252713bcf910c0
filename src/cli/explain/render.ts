/**
 * An explanation for a terminal of 80 columns or more: first how it stands, for that is what somebody woke up for; then both sides, field by
 * field; then what happened, newest last, where the eye is when the output has run through.
 */
import type { Value } from '../../model/model.ts'
import type {
  Explained,
  Explanation,
  FieldReason,
  LineField,
  SideRecord,
  TimelineLine,
} from '../../sync/explain/explanation.ts'
import { renderTime } from '../table.ts'
import { cutTo, fitTo, fromNow, harmless, type Paint, paintFor, type Style, wrapTo } from './text.ts'

export type RenderOptions = { columns: number; coloured: boolean }

type Page = { columns: number; paint: Paint; now: number }

const show = (value: Value | undefined): string =>
  value === null || value === undefined ? '–' : harmless(typeof value === 'string' ? value : String(value))

const indented = ({ columns }: Page, text: string, indent: number): string[] =>
  wrapTo(harmless(text), columns - indent).map((line) => ' '.repeat(indent) + line)

/** Words that stand before a text, whose further lines stand under its first. */
const labelled = (page: Page, label: string, text: string, indent = 2): string[] =>
  wrapTo(harmless(text), page.columns - indent - label.length - 1).map((line, index) =>
    index === 0
      ? `${' '.repeat(indent)}${page.paint('dim', label)} ${line}`
      : ' '.repeat(indent + label.length + 1) + line,
  )

const when = ({ now }: Page, at: number): string => `${renderTime(at)} UTC, ${fromNow(at, now)}`

const standingStyle: Readonly<Record<Explained['standing']['is'], Style>> = {
  agreed: 'green',
  due: 'yellow',
  'under way': 'yellow',
  waiting: 'yellow',
  parked: 'red',
  unlinked: 'dim',
  erased: 'dim',
}

const sideLine = (page: Page, name: string, record: SideRecord | null): string[] => {
  if (!record) return labelled(page, fitTo(name, 10), 'no record')
  const { id, object, changedAt, deletedAt } = record
  const changed =
    changedAt > 0 ? `changed ${fromNow(changedAt, page.now)}` : record.name === undefined ? 'not seen yet' : ''
  const gone = deletedAt === null ? changed : `DELETED ${fromNow(deletedAt, page.now)}`
  return labelled(page, fitTo(name, 10), [`${object} ${id}`, record.name, gone].filter(Boolean).join(' · '))
}

const head = (page: Page, one: Explained): string[] => {
  const { paint } = page
  const { standing, pairing, entity, link } = one
  const name = harmless(one.clerk?.name ?? one.salesforce?.name ?? one.clerk?.id ?? one.salesforce?.id ?? '')
  const kind = link === null ? entity : `${entity}, link ${link}`
  const room = page.columns - kind.length - 3
  const since = standing.at === null ? '' : ` · ${when(page, standing.at)}`
  const code = standing.code === null ? '' : ` ${standing.code}`
  return [
    `${paint('bold', cutTo(name, room))}  ${paint('dim', kind)}`,
    '',
    paint(standingStyle[standing.is], `  ${standing.is.toUpperCase()}${code}`) + paint('dim', since),
    ...indented(page, standing.text, 4),
    ...(standing.next === undefined ? [] : labelled(page, 'next:', standing.next, 4)),
    ...standing.questions.flatMap((question) => labelled(page, 'open:', question, 4)),
    '',
    ...sideLine(page, 'Clerk', one.clerk),
    ...sideLine(page, 'Salesforce', one.salesforce),
    ...labelled(
      page,
      fitTo('paired', 10),
      `${pairing.text}${pairing.at === null ? '' : ` (${when(page, pairing.at)})`}`,
    ),
    ...(one.decided === null
      ? []
      : labelled(page, fitTo('decided', 10), `${one.decided.text} (${when(page, one.decided.at)})`)),
  ]
}

const origins: Readonly<Record<FieldReason['from'], string>> = {
  clerk: 'from Clerk',
  salesforce: 'from Salesforce',
  both: 'on both sides',
  clerkforce: 'by clerkforce',
  none: 'empty',
}

const fieldLines = (page: Page, one: FieldReason, width: number, side: number): string[] => {
  const { paint } = page
  const clerk = one.rule === 'own' ? paint('dim', fitTo('(none there)', side)) : fitTo(show(one.clerk), side)
  const mark = one.same ? paint('dim', '=') : paint('yellow', '≠')
  const moment = one.at === null ? '' : ` ${fromNow(one.at, page.now)}`
  const rule = one.rule === 'own' ? '' : ` [rule ${one.rule}]`
  const differs = !one.same && one.rule !== 'own' && one.base !== undefined
  return [
    `  ${paint('bold', fitTo(one.field, width))} ${clerk} ${mark} ${cutTo(show(one.salesforce), side)}`,
    ...indented(page, `${origins[one.from]}${moment}: ${one.why}${rule}`, 6),
    ...(differs ? labelled(page, 'last agreed on:', show(one.base), 6) : []),
  ]
}

const isEmpty = ({ clerk, salesforce, same }: FieldReason): boolean => same && clerk === null && salesforce === null

/** What would happen is the same for many fields: told once for all of them. */
const changesOf = (page: Page, fields: readonly FieldReason[]): string[] => {
  const groups = Map.groupBy(fields, ({ ifClerk, ifSalesforce }) => `${ifClerk}\n${ifSalesforce}`)
  return [...groups.values()].flatMap((group) => {
    const [{ ifClerk, ifSalesforce } = { ifClerk: undefined, ifSalesforce: '' }] = group
    return [
      ...indented(page, group.map(({ field }) => field).join(', '), 2),
      ...(ifClerk === undefined ? [] : labelled(page, 'in Clerk:     ', ifClerk, 6)),
      ...labelled(page, 'in Salesforce:', ifSalesforce, 6),
    ]
  })
}

const fieldsOf = (page: Page, { fields }: Explained): string[] => {
  if (fields.length === 0) return []
  const { columns, paint } = page
  const width = Math.min(26, Math.max(...fields.map(({ field }) => field.length)))
  const side = Math.floor((columns - width - 7) / 2)
  const empty = fields.filter(isEmpty)
  return [
    '',
    `  ${paint('dim', `${fitTo('FIELDS', width)} ${fitTo('Clerk', side)}   Salesforce`)}`,
    ...fields.filter((one) => !isEmpty(one)).flatMap((one) => fieldLines(page, one, width, side)),
    ...(empty.length > 0 ? labelled(page, 'empty:', empty.map(({ field }) => field).join(', ')) : []),
    '',
    `  ${paint('dim', 'IF SOMEBODY CHANGES THEM')}`,
    ...changesOf(page, fields),
  ]
}

const changeOf = (page: Page, { field, before, after, why, rule }: LineField): string[] => {
  const room = Math.floor((page.columns - 6 - field.length - 5) / 2)
  const reason = [why, rule === undefined ? '' : `[rule ${rule}]`].filter((text) => text !== '').join(' ')
  return [
    `      ${page.paint('bold', field)}: ${cutTo(show(before), room)} → ${cutTo(show(after), room)}`,
    ...(reason === '' ? [] : indented(page, reason, 8).map((line) => page.paint('dim', line))),
  ]
}

const lineOf = (page: Page, { at, title, trouble, detail, fields, what, change, run }: TimelineLine): string[] => {
  const { paint, now, columns } = page
  const time = `${renderTime(at)}  ${fromNow(at, now).padStart(10)}  `
  const numbers = [change === undefined ? '' : `change ${change}`, run === undefined ? '' : `run ${run}`].filter(
    Boolean,
  )
  const number = numbers.length === 0 ? '' : ` (${numbers.join(', ')})`
  const text = cutTo(harmless(title), columns - time.length - number.length - 2) + number
  const shown = trouble ? paint('red', text) : what === 'hint' ? paint('cyan', text) : text
  return [
    `  ${paint('dim', time)}${shown}`,
    ...detail.flatMap((line) => indented(page, line, 6)).map((line) => (what === 'hint' ? paint('dim', line) : line)),
    ...fields.flatMap((field) => changeOf(page, field)),
  ]
}

const timelineLines = (page: Page, { timeline, cut }: Explained): string[] => [
  '',
  `  ${page.paint('dim', 'WHAT HAPPENED (UTC)')}`,
  ...(cut ? [`  ${page.paint('dim', '… there is more before this: --limit shows more')}`] : []),
  ...(timeline.length === 0
    ? ['  nothing that the journal still has']
    : timeline.flatMap((line) => lineOf(page, line))),
]

const relatedLines = (page: Page, { related, entity }: Explained): string[] =>
  related.length === 0
    ? []
    : [
        '',
        `  ${page.paint('dim', entity === 'membership' ? 'BETWEEN' : 'MEMBERSHIPS')}`,
        ...related.flatMap(({ clerkId, salesforceId, text }) =>
          indented(page, [clerkId, salesforceId, text].filter(Boolean).join(' · '), 4),
        ),
      ]

const matchLines = (page: Page, { matches, asked }: Explanation): string[] => [
  `${matches.length} records have ${harmless(asked)}; explain one of them:`,
  ...matches.flatMap(({ id, object, name, pairedWith, standing }) => {
    const pair = pairedWith === null ? '' : `with ${pairedWith}`
    const text = [`${object} ${id}`, name === undefined ? '' : harmless(name), pair, standing]
      .filter(Boolean)
      .join(' · ')
    return wrapTo(text, page.columns - 2).map((line) => `  ${line}`)
  }),
]

/** Renders an explanation of which something is known. */
export const renderExplanation = (explanation: Explanation, { columns, coloured }: RenderOptions): string => {
  const page: Page = { columns: Math.max(60, columns), paint: paintFor(coloured), now: explanation.at }
  const blocks = explanation.records.map((one) =>
    [...head(page, one), ...fieldsOf(page, one), ...relatedLines(page, one), ...timelineLines(page, one)].join('\n'),
  )
  const all = explanation.matches.length > 0 ? [matchLines(page, explanation).join('\n'), ...blocks] : blocks
  return `${all.join(`\n\n${'─'.repeat(page.columns)}\n\n`)}\n`
}
