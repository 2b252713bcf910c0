import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

/** Each line may import itself and the lines above it; names on one line do not know each other. */
const layers: string[][] = [
  ['errors.ts', 'clock.ts', 'log.ts'],
  ['options.ts'],
  ['config.ts'],
  ['model'],
  ['sync/plan'],
  ['db', 'clerk', 'salesforce'],
  ['sync/loop.ts'],
  ['sync/mirror', 'sync/pace'],
  ['sync/intake', 'sync/write'],
  ['sync/grants', 'sync/explain', 'sync/decide'],
  ['sync/runs'],
  ['sync/engine.ts'],
  ['server'],
  ['load-mapping.ts'],
  ['preview'],
  ['program.ts'],
  ['index.ts'],
  ['cli'],
]
/** Imports nothing of ours, and is imported by the command line only. */
const island = 'emulators'
const sourceFolder = new URL('../src/', import.meta.url).pathname

const allFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? allFiles(join(folder, entry.name))
      : entry.name.endsWith('.ts')
        ? [join(folder, entry.name)]
        : [],
  )

const files = allFiles(sourceFolder).filter((file) => !file.endsWith('.test.ts') && !file.includes('.test-support.'))

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path]) =>
    relative(sourceFolder, join(dirname(file), path ?? '')),
  )

const within = (path: string, layer: string): boolean => path === layer || path.startsWith(`${layer}/`)
const layerOf = (path: string): { row: number; name: string } | undefined => {
  for (const [row, names] of layers.entries()) for (const name of names) if (within(path, name)) return { row, name }
  return undefined
}

test('every file has a place in the layers', () => {
  const homeless = files
    .map((file) => relative(sourceFolder, file))
    .filter((path) => !layerOf(path) && !within(path, island))
  expect(homeless).toEqual([])
})

test('imports go one way: to the same place or to a layer above', () => {
  const wrong: string[] = []
  for (const file of files) {
    const path = relative(sourceFolder, file)
    const from = layerOf(path)
    for (const target of importsOf(file)) {
      const to = layerOf(target)
      const allowed = within(path, island)
        ? within(target, island)
        : within(target, island)
          ? within(path, 'cli')
          : from !== undefined && to !== undefined && (to.row < from.row || to.name === from.name)
      if (!allowed) wrong.push(`${path} -> ${target}`)
    }
  }
  expect(wrong).toEqual([])
})

test('files stay readable: none over 500 lines', () => {
  const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 500)
  expect(long.map((file) => relative(sourceFolder, file))).toEqual([])
})

test('the environment is read in one place', () => {
  const readers = files.filter(
    (file) => /process\.env\b/.test(readFileSync(file, 'utf8')) && !file.endsWith('/config.ts'),
  )
  expect(readers.map((file) => relative(sourceFolder, file))).toEqual([])
})
