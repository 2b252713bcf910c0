/**
 * A plan as one page of HTML, for whoever must approve it: the summary first, then what to look at, then the records by kind with each field
 * before and after. It is whole in itself: it asks no network, reads and prints without its script, which only filters. What people wrote is
 * escaped, and a policy in the page's head would keep a browser from running or fetching anything all the same. It is made piece by piece.
 */
import type { PlanOperations } from '../../server/plans.ts'
import type { RunStatus } from '../../server/runs.ts'
import { type PlannedField, type PlannedKind, type PlannedRow, plannedKinds } from '../../sync/mirror/planned.ts'
import { type RunEntity, runEntities } from '../../sync/mirror/runs.ts'
import { harmless } from '../explain/text.ts'
import { renderTime } from '../table.ts'
import { script, style } from './page-style.ts'
import { plannedRows } from './planned-rows.ts'
import { essenceOf } from './render-record.ts'
import { costLines, riskOf } from './render-summary.ts'
import { countOf, entityNames, flagWords, kindWords, objectNames, plural, showValue } from './words.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text that does nothing but show in HTML. */
export const escapeHtml = (text: string): string => harmless(text).replace(/[&<>"']/g, (one) => entities[one] ?? one)

const examplesOfRisk = 10
/** What replaces, ends or needs a person comes before what is only new. */
const inOrder: readonly PlannedKind[] = ['park', 'delete', 'end', 'unpair', 'adopt', 'update', 'link', 'create', 'wait']
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const placeOf = (entity: RunEntity, kind: PlannedKind): string => `${entity}-${kind}`

const cell = (value: PlannedField['before'], name: string): string =>
  value === null || value === ''
    ? '<td class="none">empty</td>'
    : `<td class="${name}">${escapeHtml(showValue(value))}</td>`

const fieldRow = (field: string, { side, before, after, why, rule }: PlannedField, made: boolean): string => {
  const where = side === 'clerk' ? `${escapeHtml(field)} <span class="soft">in Clerk</span>` : escapeHtml(field)
  const reason = [why, rule === undefined ? '' : `[rule ${rule}]`].filter((text) => text !== '').join(' ')
  return `<tr><td>${where}</td>${made ? '' : cell(before, 'before')}${cell(after, 'after')}<td class="why">${escapeHtml(reason)}</td></tr>`
}

const record = ({ entity, kind, clerkId, name, salesforceId, flags, reason, fields }: PlannedRow): string => {
  const made = kind === 'create'
  const known = salesforceId !== null && !salesforceId.startsWith('new:')
  const rows = Object.entries(fields).map(([field, one]) => fieldRow(field, one, made))
  return [
    `<article><header><b>${escapeHtml(name === '' ? clerkId : name)}</b> <code>${escapeHtml(clerkId)}</code>`,
    known ? ` <code>${objectNames[entity]} ${escapeHtml(salesforceId)}</code>` : '',
    '</header>',
    `<p>${escapeHtml(capital(reason))}</p>`,
    ...flags.map((flag) => `<p class="flag">! ${escapeHtml(capital(flagWords[flag]))}</p>`),
    rows.length > 0 ? `<table><tbody>${rows.join('')}</tbody></table>` : '',
    '</article>\n',
  ].join('')
}

const counts = ({ result: { planned } }: RunStatus): string => {
  if (!planned || planned.kinds.length === 0) return '<p>There is nothing to do: both sides agree.</p>'
  const heads = runEntities.map((entity) => `<th class="n">${capital(entityNames[entity])}</th>`).join('')
  const rows = plannedKinds
    .filter((kind) => countOf(planned, { kind }) > 0)
    .map((kind) => {
      const cells = runEntities.map((entity) => {
        const count = countOf(planned, { entity, kind })
        const link = count === 0 ? '' : `<a href="#${placeOf(entity, kind)}">${count.toLocaleString('en-US')}</a>`
        return `<td class="n">${link}</td>`
      })
      return `<tr><td>${capital(kind)}</td><td class="means">${kindWords[kind]}</td>${cells.join('')}</tr>`
    })
  return `<table class="counts"><thead><tr><th>Kind</th><th class="means">Which means</th>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

const example = (row: PlannedRow): string =>
  `<li>${escapeHtml(row.name)} <code>${escapeHtml(row.clerkId)}</code>: ${escapeHtml(essenceOf(row))}</li>`

const risks = async function* (operations: Pick<PlanOperations, 'planned'>, run: RunStatus): AsyncGenerator<string> {
  const { flags, linked } = run.result.planned ?? { flags: [], linked: 0 }
  if (flags.length > 0) yield '<h2>Look at these first</h2>\n'
  for (const { flag, count } of flags) {
    const { rows } = await operations.planned(run.id, { flag, limit: examplesOfRisk })
    const more =
      count > rows.length ? `<li class="soft">and ${(count - rows.length).toLocaleString('en-US')} more</li>` : ''
    const list = `<ul>${rows.map(example).join('')}${more}</ul>`
    yield `<div class="risk"><b>${escapeHtml(riskOf(flag, count, linked))}</b>${list}</div>\n`
  }
}

const cost = (run: RunStatus): string => {
  const { cost: known } = run.result
  if (!known) return ''
  const lines = costLines(known, run).map(([label, text]) => `<dt>${label}</dt><dd>${escapeHtml(capital(text))}</dd>`)
  return `<h2>What it would take</h2>\n<dl>${lines.join('')}</dl>\n`
}

const head = (run: RunStatus): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="robots" content="noindex"><title>clerkforce plan ${run.id}</title><style>${style}</style></head><body>
<h1>What clerkforce would write</h1>
<p class="soft">Plan ${run.id}, made ${renderTime(run.finishedAt ?? 0)} UTC. Nothing was written to Clerk or Salesforce. This page holds names, addresses and
other personal data.</p>
`

const kindSection = async function* (
  operations: Pick<PlanOperations, 'planned'>,
  run: RunStatus,
  { entity, kind, most }: { entity: RunEntity; kind: PlannedKind; most: number },
): AsyncGenerator<string> {
  const count = run.result.planned ? countOf(run.result.planned, { entity, kind }) : 0
  if (count === 0) return
  yield `<section class="kind" id="${placeOf(entity, kind)}"><h3>${capital(entityNames[entity])}: ${kind}, ${count.toLocaleString('en-US')}</h3>
<p class="means">${capital(kindWords[kind])}</p>\n`
  if (count > most)
    yield `<p class="capped">The first ${most.toLocaleString('en-US')} of ${plural(count, 'record')}. All of them: clerkforce plan --last --html FILE --limit ${count}, or in a file: clerkforce plan --last --out FILE</p>\n`
  for await (const row of plannedRows(operations, run.id, { entity, kind, most })) yield record(row)
  yield '</section>\n'
}

/** The page, piece by piece. @param most how many records are shown of each kind and entity */
export const planPage = async function* (
  operations: Pick<PlanOperations, 'planned'>,
  run: RunStatus,
  { most }: { most: number },
): AsyncGenerator<string> {
  yield head(run)
  yield counts(run)
  yield* risks(operations, run)
  yield cost(run)
  yield '<h2>Record by record</h2>\n<div class="tools" hidden><input type="search" placeholder="Filter: a name, an address, an id, a field, a value" aria-label="Filter"><span class="soft" role="status"></span></div>\n'
  for (const entity of runEntities)
    for (const kind of inOrder) yield* kindSection(operations, run, { entity, kind, most })
  yield `<script>${script}</script></body></html>\n`
}
