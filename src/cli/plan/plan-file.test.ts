import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { runs } from '../../../test/support/runs.ts'
import type { RunStatus } from '../../server/runs.ts'
import type { PlannedRow } from '../../sync/mirror/planned.ts'
import { planLines } from './plan-file.ts'
import { inspectPlanFile, readPlanLines } from './read-plan-file.ts'
import { writeWhole } from './write-whole.ts'

const rowOf = (n: number, after: string): PlannedRow => ({
  entity: 'person',
  clerkId: `user_${n}`,
  name: `Person ${n}, p${n}@example.com`,
  kind: n % 2 === 0 ? 'create' : 'adopt',
  salesforceId: n % 2 === 0 ? `new:user_${n}` : '003Kj0000000001IAA',
  flags: n % 2 === 0 ? [] : ['overwrites'],
  reason: 'for a test',
  fields: { LastName: { side: 'salesforce', before: 'x', after, why: 'Clerk owns this field', rule: 'clerk' } },
  print: `print-${n}`,
})

const runOf = (rows: readonly PlannedRow[], id = 3): RunStatus => ({
  id,
  kind: 'plan',
  state: 'done',
  askedAt: 1,
  startedAt: 1,
  workedAt: null,
  finishedAt: 1_700_000_000_000,
  waits: null,
  scans: [],
  left: 0,
  result: {
    mapping: 'abc',
    planned: { kinds: [{ entity: 'person', kind: 'create', count: rows.length }], flags: [], carried: 0, linked: 0 },
  },
})

const each = async function* <T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list
}

const collect = async <T>(from: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'clerkforce-plan-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const written = async (path: string, rows: readonly PlannedRow[], id?: number): Promise<string[]> => {
  await writeWhole(path, planLines(runOf(rows, id), each(rows)))
  return readFileSync(path, 'utf8').trimEnd().split('\n')
}

const rows = [0, 1, 2, 3].map((n) => rowOf(n, `Last ${n}`))

test('what was written is read back as it was, whatever it holds; lines that are struck out are missing, and nothing else', async () => {
  const path = join(folder(), 'plan.jsonl')
  const values = fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.boolean()), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(values, async (given) => {
      const all = given.map(([text], n) => rowOf(n, text))
      const lines = await written(path, all)
      const keeps = (_: string, n: number): boolean => given[n - 1]?.[1] !== false
      writeFileSync(path, `${lines.filter(keeps).join('\r\n')}\n\n`)
      const read = await collect(readPlanLines(path))
      expect(read.map(({ check: _, ...row }) => row)).toEqual(all.filter((_, n) => given[n]?.[1]))
    }),
    { numRuns: runs(10) },
  )
})

test('only its owner can read the file, it takes the place of an older one when it is whole, and half of one is never left', async () => {
  const place = folder()
  const path = join(place, 'plan.jsonl')
  writeFileSync(path, 'older', { mode: 0o644 })
  const broken = async function* (): AsyncGenerator<string> {
    yield 'half'
    throw new Error('no more')
  }
  await expect(writeWhole(path, broken())).rejects.toThrow('no more')
  expect([readFileSync(path, 'utf8'), readdirSync(place)]).toEqual(['older', ['plan.jsonl']])
  await written(path, rows)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('spaces and the order of keys may differ: a file that went through jq is the same', async () => {
  const path = join(folder(), 'plan.jsonl')
  const lines = await written(path, rows)
  const before = await inspectPlanFile(path)
  const turned = lines.map((line) =>
    JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line) as object).reverse()), null, 1).replaceAll(
      '\n',
      '',
    ),
  )
  writeFileSync(path, turned.join('\n'))
  expect(await inspectPlanFile(path)).toEqual(before)
  expect(before).toMatchObject({ records: 4, header: { plan: 3, mapping: 'abc' } })
  expect(before.kinds.map(({ kind, count }) => `${kind} ${count}`)).toEqual(['create 2', 'adopt 2'])
})

test('a file that is no plan, was cut short, or has an edited or a foreign line is refused, and the line is named without its values', async () => {
  const path = join(folder(), 'plan.jsonl')
  const foreign = await written(path, rows, 4)
  const lines = await written(path, rows)
  const cases: [what: string, text: string, message: RegExp][] = [
    ['empty', '', /is empty/],
    ['no JSON', 'not a plan', /is no plan that clerkforce plan --out has written: line 1 is no JSON object/],
    ['other JSON', '{"a": 1}\n', /is no plan: its first line is not the one/],
    ['without the header', lines.slice(1).join('\n'), /is no plan: its first line is not the one .* put it back/],
    [
      'another format',
      lines.join('\n').replace('"format":1', '"format":2'),
      /has format 2, and this clerkforce reads format 1/,
    ],
    ['an edited header', lines.join('\n').replace('"abc"', '"abd"'), /its first line was edited/],
    ['without the end', lines.slice(0, -1).join('\n'), /was cut short: its last line/],
    ['cut in a line', lines.join('\n').slice(0, -200), /was cut short, or line 5 edited/],
    [
      'an edited value',
      lines.join('\n').replace('Last 2', 'Lost 2'),
      /line 4 \(user_2\) was edited, or belongs to another plan/,
    ],
    ['an edited print', lines.join('\n').replace('print-1', 'print-2'), /line 3 \(user_1\) was edited/],
    [
      'a line of another plan',
      [...lines.slice(0, 2), foreign[2], ...lines.slice(3)].join('\n'),
      /line 3 \(user_1\) .*another plan/,
    ],
    ['lines after the end', [...lines, lines[1]].join('\n'), /line 7 comes after the last line/],
  ]
  for (const [what, text, message] of cases) {
    writeFileSync(path, text)
    const failure = await inspectPlanFile(path).catch((error: unknown) => error)
    expect([what, String(failure)]).toEqual([what, expect.stringMatching(message)])
    expect(String(failure)).not.toMatch(/example\.com|Lost|Last/)
  }
  await expect(inspectPlanFile(join(path, 'nowhere'))).rejects.toThrow(/cannot be read: ENOTDIR/)
})
