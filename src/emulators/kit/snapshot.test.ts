import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSnapshots, type Part } from './snapshot.ts'
import { createStateFile } from './state-file.ts'

/** A part that holds one list. */
const listPart = (): Part & { list: unknown[] } => {
  const part = {
    list: [] as unknown[],
    save: () => part.list,
    load: (saved: unknown) => {
      if (!Array.isArray(saved)) throw new Error('a list was expected')
      part.list = saved
    },
    clear: () => {
      part.list = []
    },
  }
  return part
}

const open = (names: readonly string[], loads: string[] = []) => {
  const parts = new Map(names.map((name) => [name, listPart()]))
  const watched = new Map(
    [...parts].map(([name, part]) => [
      name,
      {
        ...part,
        save: () => part.list,
        clear: part.clear,
        load: (saved: unknown) => {
          loads.push(name)
          part.load(saved)
        },
      },
    ]),
  )
  return {
    parts,
    snapshots: createSnapshots(
      'test',
      () => watched,
      () => 7,
      ['schema', 'records'],
    ),
  }
}

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'snapshot-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('parts are loaded in order, those that others stand on first, and what is missing is cleared', () => {
  const from = open(['events', 'records', 'schema'])
  from.parts.get('records')?.list.push(1, 2)
  const loads: string[] = []
  const to = open(['more', 'events', 'records', 'schema'], loads)
  to.parts.get('more')?.list.push(9)
  to.snapshots.restore(JSON.parse(JSON.stringify(from.snapshots.take())))
  expect(loads).toEqual(['schema', 'records', 'events'])
  expect(to.parts.get('records')?.list).toEqual([1, 2])
  expect(to.parts.get('more')?.list).toEqual([])
})

test('what is no snapshot, of another version, of another emulator or with unknown parts is refused, and nothing changes', () => {
  const { parts, snapshots } = open(['records'])
  parts.get('records')?.list.push(1)
  const good = snapshots.take()
  const cases: [unknown, RegExp][] = [
    [undefined, /not a snapshot/],
    [[], /not a snapshot/],
    [{ ...good, version: 2 }, /format version 2, and this emulator reads version 1/],
    [{ ...good, emulator: 'clerk' }, /of the clerk emulator, and this is the test emulator/],
    [{ ...good, parts: { bulk: [] } }, /does not know: bulk/],
    [{ ...good, parts: { records: 'none' } }, /part records cannot be loaded: a list was expected/],
  ]
  for (const [snapshot, words] of cases) expect(() => snapshots.restore(snapshot)).toThrow(words)
  expect(parts.get('records')?.list).toEqual([1])
})

test('a file keeps the state: written whole or not at all, and read when it exists', async () => {
  const file = join(folder(), 'state.json')
  const { parts, snapshots } = open(['records'])
  const list = Array.from({ length: 30_000 }, (_, i) => ({ id: i, text: `“${i}”\n`, empty: undefined, none: null }))
  parts.get('records')?.list.push(...list)
  const state = createStateFile(file, snapshots)
  state.load()
  await Promise.all([state.save(), state.save()])
  expect(readdirSync(join(file, '..'))).toEqual(['state.json'])
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(snapshots.take())))
  const next = open(['records'])
  createStateFile(file, next.snapshots).load()
  expect(next.parts.get('records')?.list).toHaveLength(30_000)
})

test('a file that is damaged or of another emulator is named and stays as it is', () => {
  const file = join(folder(), 'state.json')
  const { snapshots } = open(['records'])
  for (const [text, words] of [
    ['{"format":', /state\.json: it cannot be read as JSON/],
    ['{}', /state\.json: this is not a snapshot/],
  ] as const) {
    writeFileSync(file, text)
    expect(() => createStateFile(file, snapshots).load()).toThrow(words)
    expect(readFileSync(file, 'utf8')).toBe(text)
  }
})

test('a file in a folder that does not exist is refused at the start, not at the end when everything is lost', () => {
  const missing = join(folder(), 'missing')
  const state = createStateFile(join(missing, 'state.json'), open(['records']).snapshots)
  expect(() => state.load()).toThrow(`there is no folder ${missing} to keep it in`)
})

test('without a file, nothing is kept', async () => {
  const state = createStateFile(undefined, open(['records']).snapshots)
  state.load()
  expect(await state.save()).toBeUndefined()
})
