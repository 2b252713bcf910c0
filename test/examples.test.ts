import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

/*
 * The examples, as a stranger has them: the package is built and packed, unpacked into the node_modules of an empty project, and the examples
 * run there with what the package declares and the vendors' clients beside it. A file or a dependency that the package forgets is missing
 * here.
 */

const root = new URL('../', import.meta.url).pathname
const work = mkdtempSync(join(tmpdir(), 'clerkforce-package-'))
const project = join(work, 'project')
const modules = join(project, 'node_modules')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  files: string[]
  dependencies: Record<string, string>
}
const clients = ['@clerk/backend', '@jsforce/jsforce-node']

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe', env: { PATH: process.env['PATH'], HOME: work } })

beforeAll(() => {
  const source = join(work, 'source')
  mkdirSync(source)
  for (const name of ['package.json', 'README.md', 'LICENSE', 'src', ...manifest.files])
    if (name !== 'dist' && !name.includes('*') && existsSync(join(root, name)))
      cpSync(join(root, name), join(source, name), { recursive: true })
  // Types are checked elsewhere.
  run(process.execPath, ['scripts/build.ts', join(source, 'dist'), '--noCheck'], root)
  run('npm', ['pack', '--ignore-scripts', '--offline', '--pack-destination', work], source)
  const [packed = ''] = readdirSync(work).filter((name) => name.endsWith('.tgz'))
  mkdirSync(join(modules, 'clerkforce'), { recursive: true })
  run('tar', ['-xzf', join(work, packed), '--strip-components=1', '-C', join(modules, 'clerkforce')], work)
  for (const name of [...Object.keys(manifest.dependencies), ...clients]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
}, 120_000)
afterAll(() => rmSync(work, { recursive: true }))

test('the examples with Node’s own test runner pass in a project that has only the package', () => {
  const examples = readdirSync(join(modules, 'clerkforce', 'examples')).filter((name) => name.endsWith('.test.ts'))
  expect(examples.length).toBeGreaterThan(1)
  for (const name of examples) cpSync(join(modules, 'clerkforce', 'examples', name), join(project, name))
  const report = run(process.execPath, ['--test', '--test-reporter=tap', ...examples], project)
  expect(report).toMatch(/^# pass \d\d/m)
  expect(report).toMatch(/^# fail 0$/m)
})

test('the sandbox of the package says what it takes', () => {
  const help = run(
    process.execPath,
    [join(modules, 'clerkforce', 'bin', 'clerkforce.js'), 'sandbox', '--help'],
    project,
  )
  expect(help).toContain('--sample-data')
})

test('every TypeScript block of docs/emulators.md stands in an example, so that it runs', () => {
  const plain = (text: string): string => text.replaceAll(/^\s+|\s+$/gm, '')
  const examples = readdirSync(join(root, 'examples')).map((name) =>
    plain(readFileSync(join(root, 'examples', name), 'utf8')),
  )
  const document = readFileSync(join(root, 'docs/emulators.md'), 'utf8')
  const blocks = [...document.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  expect(blocks.length).toBeGreaterThan(10)
  const strange = blocks.filter((block) => !examples.some((example) => example.includes(plain(block))))
  expect(strange).toEqual([])
})
