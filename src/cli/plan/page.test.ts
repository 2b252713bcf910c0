import { expect, test } from 'vitest'
import type { RunStatus } from '../../server/runs.ts'
import type { PlannedFilter, PlannedRow } from '../../sync/mirror/planned.ts'
import { columnsOf } from '../explain/text.ts'
import { planPage } from './page.ts'
import { renderRecord } from './render-record.ts'
import { renderSummary } from './render-summary.ts'

const evil = `<img src=x onerror="alert('1')">&\u202e`

const rows: PlannedRow[] = Array.from({ length: 7 }, (_, n) => ({
  entity: 'person' as const,
  clerkId: `user_${n}`,
  name: `${evil} ${n}`,
  kind: 'update' as const,
  salesforceId: '003Kj0000000001IAA',
  flags: ['overwrites' as const],
  reason: evil,
  fields: {
    Title: { side: 'salesforce' as const, before: evil, after: `${evil} after`.repeat(9), why: evil, rule: 'clerk' },
  },
  print: 'p',
}))

const run: RunStatus = {
  id: 12,
  kind: 'plan',
  state: 'done',
  askedAt: 1,
  startedAt: 1,
  workedAt: null,
  finishedAt: 1_700_000_000_000,
  waits: null,
  scans: [{ scan: 'clerk/person', read: 1_200, counted: null, done: true }],
  left: 0,
  result: {
    planned: {
      kinds: [
        { entity: 'person', kind: 'update', count: 7 },
        { entity: 'membership', kind: 'end', count: 12_345 },
      ],
      flags: [
        { flag: 'overwrites', count: 7 },
        { flag: 'ends', count: 12_345 },
      ],
      carried: 1,
      linked: 50_000,
    },
    cost: { salesforceCalls: 13, salesforceLeft: 14_000, clerkWrites: 1, seconds: 83, rate: 150, measured: false },
  },
}

const operations = {
  planned: async (_id: number, { limit, flag, kind }: PlannedFilter & { limit: number }) => ({
    rows: flag === 'ends' || kind === 'end' ? [] : rows.slice(0, limit),
    next: null,
  }),
}

test('a page escapes what people wrote, asks no network, and says where it shows only a part', async () => {
  let page = ''
  for await (const piece of planPage(operations, run, { most: 3 })) page += piece
  expect(page).not.toMatch(/<img|\u202e/)
  expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;')
  expect(page).not.toMatch(/(src|href)="(?!#)/)
  expect(page).toContain(`default-src 'none'`)
  expect(page.match(/<article>/g)).toHaveLength(3)
  expect(page).toContain('The first 3 of 7 records. All of them: clerkforce plan --last --html FILE --limit 7')
  expect(page).toMatch(/12,345 records: .*THAT IS MANY, 24\.7 % of all 50,000 pairs/)
})

test('the summary and a record fit a terminal of 80 columns, and one of 120, and move no cursor', () => {
  for (const columns of [80, 120]) {
    const page = { columns, paint: (_: string, text: string) => text }
    const shown = [
      renderSummary(page, run, new Map([['overwrites', rows.slice(0, 2)]]), 'a-file-of-a-longer-name.jsonl'),
      ...rows.map((row) => renderRecord(page, row).join('\n')),
    ]
    const lines = shown.join('\n').split('\n')
    expect(lines.filter((line) => columnsOf(line) > columns)).toEqual([])
    expect(lines.filter((line) => line.includes('\u202e'))).toEqual([])
  }
})
