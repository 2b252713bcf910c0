import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('../', import.meta.url).pathname
const inFolder = (folder: string): string[] =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? [join(folder, name)] : []))
const documents = ['.', 'docs', 'docs/adr', 'sfdx'].flatMap(inFolder)

test('every link of the documents to a file leads somewhere', () => {
  const broken = documents.flatMap((document) =>
    [...readFileSync(join(root, document), 'utf8').matchAll(/\]\(([^)#]+)/g)].flatMap(([, target = '']) =>
      /^[a-z]+:/.test(target) || existsSync(join(root, dirname(document), target)) ? [] : [`${document}: ${target}`],
    ),
  )
  expect(broken).toEqual([])
})

test('every promise names a test that exists', () => {
  const rows = readFileSync(join(root, 'docs/promises.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| [A-Z]\d/.test(line))
  const wrong = rows.flatMap((row) => {
    const cell = row.split(' | ').at(-1) ?? ''
    let text = ''
    let tests = 0
    const missing: string[] = []
    for (const [, file, name] of cell.matchAll(/\]\(\.\.\/([^)]+)\)|"([^"]+)"/g)) {
      if (file) text = readFileSync(join(root, file), 'utf8')
      else if (name) {
        tests++
        if (!text.includes(name)) missing.push(name)
      }
    }
    return tests === 0 ? [row] : missing
  })
  expect(rows.length).toBeGreaterThan(0)
  expect(wrong).toEqual([])
})
