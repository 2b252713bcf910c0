import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freshPostgres } from '../../test/support/databases.ts'
import { openDatabase } from '../db/database.ts'
import { emptyFolder, runCli, spawnCli, startEmulators } from './cli.test-support.ts'

const lines = (text: string): string[] => text.trimEnd().split('\n')

test('--help lists the commands, version prints the version, and neither needs a setting', async () => {
  const cwd = emptyFolder()
  const help = await runCli(['--help'], { cwd })
  expect(help.code).toBe(0)
  for (const command of [
    'serve',
    'demo',
    'sandbox',
    'status',
    'explain',
    'parked',
    'problems',
    'retry',
    'approvals',
    'approve',
    'deny',
    'org',
    'adoption',
    'link',
    'unlink',
    'undo',
    'resync',
    'erase',
    'preview',
    'check',
    'version',
  ])
    expect(help.stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
  const version = await runCli(['version'], { cwd })
  expect([version.code, version.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
})

test('the help of a command shows its flags with their environment names and defaults', async () => {
  const { code, stdout } = await runCli(['serve', '--help'], { cwd: emptyFolder() })
  expect(code).toBe(0)
  const words = stdout.replace(/\s+/g, ' ')
  expect(words).toContain('--port <number> Port to listen on; 0 takes any that is free. (env: PORT; default: 4800)')
  expect(words).toContain('--salesforce-login-url <url>')
})

test('wrong usage ends with exit code 2 and says what is wrong', async () => {
  const cwd = emptyFolder()
  const cases: [string[], RegExp][] = [
    [['nonsense'], /unknown command 'nonsense'/],
    [['status', '--nonsense'], /unknown option '--nonsense'/],
    [['org', 'create'], /missing required argument 'name'/],
    [['org', 'create', 'Acme\nLtd'], /must not have control characters/],
    [['org', 'create', 'Acme', '--slug', 'a\tb'], /must not have control characters/],
    [['org', 'create', 'Acme', '--metadata', '[]'], /must be a JSON object/],
    [['parked', '--limit', '0'], /whole number from 1 to 1000/],
    [['approve'], /give the requests to approve, or --all/],
    [['deny', 'account/001000000000001AAA', '--all'], /give requests, or --all, not both/],
    [['approve', 'account/../x'], /not the key of a request/],
    [['retry'], /give the links to retry, or --all, or --problems/],
    [['retry', '1', '--all'], /give links, or --all, not both/],
    [['retry', '1', '--deleted'], /--deleted goes with --all/],
    [['retry', 'one'], /whole number/],
  ]
  const runs = await Promise.all(cases.map(([args]) => runCli(args, { cwd })))
  for (const [index, { code, stderr }] of runs.entries()) {
    expect([cases[index]?.[0], code]).toEqual([cases[index]?.[0], 2])
    expect(stderr).toMatch(cases[index]?.[1] ?? /^$/)
  }
})

test('missing and malformed settings end with exit code 2, in one line for each that names it', async () => {
  const cwd = emptyFolder()
  const { code, stderr, stdout } = await runCli(['serve'], {
    cwd,
    env: { PORT: 'many', CLERK_SECRET_KEY: 'pk_test_x' },
  })
  expect([code, stdout]).toEqual([2, ''])
  const names = lines(stderr).map((line) => /^clerkforce: (\w+) \(--/.exec(line)?.[1])
  expect(names).toEqual([
    'CLERK_SECRET_KEY',
    'CLERK_WEBHOOK_SIGNING_SECRET',
    'SALESFORCE_LOGIN_URL',
    'SALESFORCE_CLIENT_ID',
    'SALESFORCE_CLIENT_SECRET',
    'PORT',
  ])
  expect(stderr).not.toContain('pk_test_x')
})

test('a mapping of the wrong shape ends with exit code 2, in one line for each fault', async () => {
  const cwd = emptyFolder()
  const { env } = await startEmulators()
  writeFileSync(
    join(cwd, 'clerkforce.config.ts'),
    `export default { person: { fields: { Title: { from: 'public_metadata.title', rule: 'clark' } } }, polices: {} }`,
  )
  const { code, stderr } = await runCli(['serve'], { cwd, env })
  expect(code).toBe(2)
  expect(lines(stderr)).toEqual([
    expect.stringMatching(/person\.fields\.Title\.rule must be one of 'clerk', /),
    expect.stringMatching(/polices is not known; the mapping may have 'person', /),
  ])
  expect(existsSync(join(cwd, '.clerkforce'))).toBe(false)
})

test('a mapping that cannot be loaded is one line with its place, and what to do', async () => {
  const cwd = emptyFolder()
  mkdirSync(join(cwd, 'folder'))
  mkdirSync(join(cwd, 'commonjs', 'node_modules', 'clerkforce'), { recursive: true })
  writeFileSync(join(cwd, 'commonjs', 'package.json'), '{"type":"commonjs"}')
  writeFileSync(
    join(cwd, 'commonjs', 'node_modules', 'clerkforce', 'package.json'),
    '{"name":"clerkforce","type":"module","exports":"./dist/index.js"}',
  )
  const importing = `import { defineConfig } from 'clerkforce'\nexport default defineConfig({})\n`
  const cases: [string, string | undefined, RegExp][] = [
    ['folder', undefined, /is a folder; name the file in it$/],
    ['mapping.json', '{}', /its name must end in \.ts, \.mts, \.js, \.mjs$/],
    ['broken.mts', 'export default {\n  person = {},\n', /cannot be loaded: broken\.mts:2: /],
    ['throws.mts', '\nexport default { person: nothing }', /throws\.mts:2: nothing is not defined$/],
    [
      'alone.mts',
      importing,
      /Cannot find package 'clerkforce' .*; install clerkforce here \(npm i\), or export a plain object$/,
    ],
    [
      'commonjs/one.ts',
      importing,
      /; add "type": "module" to package\.json, or name the file clerkforce\.config\.mts$/,
    ],
    ['commonjs/two.mts', importing, /; clerkforce is not built: npm run build$/],
  ]
  for (const [file, text] of cases) if (text !== undefined) writeFileSync(join(cwd, file), text)
  const env = {
    SALESFORCE_LOGIN_URL: 'http://127.0.0.1:1',
    SALESFORCE_CLIENT_ID: 'id',
    SALESFORCE_CLIENT_SECRET: 'secret',
    NODE_NO_WARNINGS: '1',
  }
  const runs = await Promise.all(cases.map(([file]) => runCli(['check', '--config', file], { cwd, env })))
  for (const [index, [file, , message]] of cases.entries()) {
    const { code, stderr } = runs[index] ?? { code: null, stderr: '' }
    expect([file, code, lines(stderr).length]).toEqual([file, 2, 1])
    expect(stderr.trimEnd()).toMatch(message)
  }
})

test('a command whose output nobody reads any more ends without a word', async () => {
  const command = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), 'serve', '--help'], {
    cwd: emptyFolder(),
    env: {},
  })
  command.stdout.destroy()
  let stderr = ''
  command.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const [code] = (await once(command, 'close')) as [number | null]
  expect([code, stderr]).toEqual([0, ''])
})

test('the demo ends when nobody reads its output any more, and leaves no folder', async () => {
  const cwd = emptyFolder()
  const demo = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), 'demo', '--once'], {
    cwd,
    env: { TMPDIR: cwd, NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '' },
  })
  let stderr = ''
  demo.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  demo.stdout.once('data', () => demo.stdout.destroy())
  const [code] = (await once(demo, 'close')) as [number | null]
  expect([code, stderr, readdirSync(cwd)]).toEqual([130, '', []])
})

test('a port or a host that cannot be had is one line that names the setting', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  onTestFinished(() => void blocker.close())
  const { port } = blocker.address() as { port: number }
  const { env } = await startEmulators()
  const DATABASE_URL = await freshPostgres()
  const serve = (more: Record<string, string>) =>
    runCli(['serve'], { cwd: emptyFolder(), env: { ...env, DATABASE_URL, CLERKFORCE_LOG_LEVEL: 'warn', ...more } })
  const runs = await Promise.all([
    serve({ PORT: String(port) }),
    serve({ CLERKFORCE_HOST: '192.0.2.1' }),
    serve({ CLERKFORCE_HOST: 'nowhere.invalid' }),
  ])
  const said = [
    `PORT (--port): ${port} is taken by another program`,
    'CLERKFORCE_HOST (--host): 192.0.2.1 is not an address of this machine',
    'CLERKFORCE_HOST (--host): nowhere.invalid is not a host that can be found',
  ]
  for (const [index, run] of runs.entries())
    expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`clerkforce: ${said[index]}\n`) })
})

test('status says that there is no database rather than making one', async () => {
  const cwd = emptyFolder()
  const { code, stderr } = await runCli(['status'], { cwd })
  expect(code).toBe(1)
  expect(stderr).toMatch(/there is no database at .*\.clerkforce yet/)
  expect(existsSync(join(cwd, '.clerkforce'))).toBe(false)
})

test('a database that does not answer is one clear line', async () => {
  const { code, stderr } = await runCli(['status'], {
    cwd: emptyFolder(),
    env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
  })
  expect([code, lines(stderr).length]).toEqual([1, 1])
  expect(stderr).toContain('ECONNREFUSED')
})

test('check says whether the mapping fits the org', async () => {
  const cwd = emptyFolder()
  const { env } = await startEmulators()
  const good = await runCli(['check'], { cwd, env })
  expect([good.code, good.stdout]).toEqual([0, 'The mapping fits the org.\n'])
  writeFileSync(
    join(cwd, 'clerkforce.config.ts'),
    `export const config = { organization: { fields: { Plan__c: 'public_metadata.plan' } } }`,
  )
  const bad = await runCli(['check'], { cwd, env })
  expect([bad.code, bad.stdout]).toEqual([1, expect.stringMatching(/^problem: Account\.Plan__c is missing/)])
  const version = await runCli(['check'], { cwd, env: { ...env, SALESFORCE_API_VERSION: '999.0' } })
  expect([version.code, lines(version.stdout)]).toEqual([
    1,
    [expect.stringMatching(/^problem: neither Account nor Contact is visible: the org may not know the API version/)],
  ])
})

test('parked links and problems are listed in tables of 80 columns or as JSON, and retried', async () => {
  const url = await freshPostgres()
  const db = await openDatabase({ url })
  const reason = `REQUIRED_FIELD_MISSING: Required fields are missing: [Industry]. ${'Fill the field in, or map it. '.repeat(5)}`
  await db.query(
    `insert into clerkforce.link (entity, clerk_id, parked_at, parked_code, parked_reason) values ('organization', 'org_1', 1, 'REQUIRED_FIELD_MISSING', $1)`,
    [reason],
  )
  await db.query(
    `insert into clerkforce.hint (delivery_id, type, body, received_at, observed_at, problem) values ('msg_1', 'user.created', '{}', 1, 2, 'CLERK_UNREADABLE: no id')`,
  )
  await db.close()
  const cwd = emptyFolder()
  const env = { DATABASE_URL: url }

  const table = await runCli(['parked'], { cwd, env })
  expect(table.code).toBe(0)
  expect(table.stdout).toContain('org_1')
  for (const line of lines(table.stdout)) expect(line.length).toBeLessThanOrEqual(80)
  const json = await runCli(['parked', '--json'], { cwd, env })
  expect(JSON.parse(json.stdout)).toMatchObject([{ link: 1, entity: 'organization', clerkId: 'org_1', reason }])
  const problems = await runCli(['problems', '--json'], { cwd, env })
  expect(JSON.parse(problems.stdout)).toMatchObject([{ deliveryId: 'msg_1', problem: 'CLERK_UNREADABLE: no id' }])

  const retried = await runCli(['retry', '1', '7', '1', '7', '--problems'], { cwd, env })
  expect(retried).toMatchObject({
    code: 1,
    stdout: '1 parked link will be tried again; 1 other not parked.\n1 webhook will be read again.\n',
  })
  expect((await runCli(['status'], { cwd, env })).stdout).toContain('│ Entity       │ Linked │ Parked │')
  const status = await runCli(['status', '--json'], { cwd, env })
  expect(JSON.parse(status.stdout)).toMatchObject({
    counts: { parked: 0, dirty: 1, problems: 0, hints: 1 },
    salesforce: null,
  })
})

test('retry of all leaves out what somebody deleted in Salesforce, and says how to retry that', async () => {
  const url = await freshPostgres()
  const db = await openDatabase({ url })
  await db.query(
    `insert into clerkforce.link (entity, clerk_id, parked_at, parked_code, parked_reason) values
       ('person', 'user_1', 1, 'AMBIGUOUS', ''), ('person', 'user_2', 1, 'DELETED_IN_SALESFORCE', '')`,
  )
  await db.close()
  const cwd = emptyFolder()
  const env = { DATABASE_URL: url }
  const all = await runCli(['retry', '--all'], { cwd, env })
  expect(all.code).toBe(0)
  expect(all.stdout).toContain('1 parked link will be tried again.\n1 link left out: DELETED_IN_SALESFORCE')
  const status = await runCli(['status', '--json'], { cwd, env })
  expect(JSON.parse(status.stdout)).toMatchObject({ counts: { parked: 1, dirty: 1 } })
  const deleted = await runCli(['retry', '--all', '--deleted', '--json'], { cwd, env })
  expect(JSON.parse(deleted.stdout)).toEqual({ links: 1, leftOut: 0, problems: 0 })
})

test('approvals lists what Salesforce asks for, and approve and deny say what could not be decided about', async () => {
  const url = await freshPostgres()
  const db = await openDatabase({ url })
  await db.query(
    `insert into clerkforce.request (key, kind, salesforce_id, asked_at, state, code, reason) values
       ('account/001000000000001AAA', 'organization', '001000000000001AAA', 0, 'asked', null, null),
       ('contact/003000000000001AAA', 'invitation', '003000000000001AAA', 0, 'failed', 'already_a_member', 'Clerk refuses it')`,
  )
  await db.close()
  const cwd = emptyFolder()
  const env = { DATABASE_URL: url }
  const list = await runCli(['approvals'], { cwd, env })
  expect([list.code, list.stderr]).toEqual([0, ''])
  expect(list.stdout).toMatch(/account\/001000000000001AAA .* to be approved /)
  expect(list.stdout).toContain('already_a_member')
  const approved = await runCli(['approve', '--all'], { cwd, env })
  expect([approved.code, approved.stdout]).toEqual([0, '1 request approved.\n'])
  const denied = await runCli(['deny', 'contact/003000000000001AAA', 'contact/003000000000002AAA'], { cwd, env })
  expect([denied.code, denied.stdout]).toEqual([
    1,
    '1 request denied; nothing to deny at contact/003000000000002AAA: begun or carried out already, denied before, or never asked for.\n',
  ])
})

test('org create makes one organization of one key, on the database itself', async () => {
  const cwd = emptyFolder()
  const { clerk, env: keys } = await startEmulators()
  const env = { ...keys, DATABASE_URL: await freshPostgres() }
  const create = () =>
    runCli(['org', 'create', 'Acme', '--key', 'order-1', '--metadata', '{"plan":"pro"}'], { cwd, env })
  const made = await create()
  expect([made.code, made.stderr]).toEqual([0, ''])
  expect(made.stdout).toMatch(/^Created org_\w+ "Acme"\n$/)
  expect((await create()).stdout).toMatch(/^There already, from an earlier try: org_\w+ "Acme"\n$/)
  expect(clerk.state().organizations).toMatchObject([{ name: 'Acme', public_metadata: { plan: 'pro' } }])
  const refused = await runCli(['org', 'create', 'Acme', '--slug', 'acme'], { cwd, env })
  expect([refused.code, refused.stderr]).toMatchObject([1, expect.stringContaining('organization_slugs_disabled')])
})

test('sandbox prints what serve needs to know, as lines for .env or as JSON, and ends at Ctrl-C', async () => {
  const cwd = emptyFolder()
  // Below the ports that systems give out by themselves, and another for each run.
  const base = 20_000 + (process.pid % 1_000) * 10
  const sandbox = spawnCli(
    ['sandbox', '--json', '--port-base', String(base), '--webhook-url', 'http://127.0.0.1:9/x'],
    {
      cwd,
    },
  )
  await sandbox.seen(/\n}\n/)
  const described = JSON.parse(sandbox.stdout()) as {
    clerk: { url: string; secretKey: string }
    env: Record<string, string>
  }
  expect(described.clerk.url).toBe(`http://127.0.0.1:${base + 1}`)
  expect(Object.keys(described.env)).toEqual([
    'CLERK_API_URL',
    'CLERK_SECRET_KEY',
    'CLERK_WEBHOOK_SIGNING_SECRET',
    'SALESFORCE_LOGIN_URL',
    'SALESFORCE_CLIENT_ID',
    'SALESFORCE_CLIENT_SECRET',
    'SALESFORCE_PUBSUB_ENDPOINT',
    'CLERKFORCE_ADMIN_TOKEN',
  ])
  const users = await fetch(`${described.clerk.url}/v1/users`, {
    headers: { authorization: `Bearer ${described.clerk.secretKey}` },
  })
  expect([users.status, await users.json()]).toEqual([200, []])
  expect((await runCli(['check'], { cwd, env: described.env })).code).toBe(0)

  const second = await runCli(['sandbox', '--port-base', String(base)], { cwd })
  expect([second.code, second.stderr]).toEqual([
    2,
    `clerkforce: CLERKFORCE_SANDBOX_PORT_BASE (--port-base): ${base + 1} is taken by another program\n`,
  ])
  sandbox.kill('SIGINT')
  expect((await sandbox.ended).code).toBe(0)
})

test('a sandbox with a folder for its state goes on where it was stopped', async () => {
  const cwd = emptyFolder()
  const base = 10_000 + (process.pid % 1_000) * 10
  const args = ['sandbox', '--json', '--port-base', String(base), '--state', 'kept', '--sample-data']
  type Printed = { clerk: { control: string }; salesforce: { control: string; pubsub: { certificate: string } } }
  const run = async (use: (printed: Printed) => Promise<void>) => {
    const sandbox = spawnCli(args, { cwd })
    await sandbox.seen(/\n}\n/)
    await use(JSON.parse(sandbox.stdout()) as Printed)
    sandbox.kill('SIGINT')
    expect((await sandbox.ended).code).toBe(0)
  }
  const stateOf = async <T>(control: string) => (await (await fetch(`${control}/state`)).json()) as T
  type Contacts = { Contact: { Id: string }[] }
  let contacts: Contacts['Contact'] = []
  await run(async ({ clerk, salesforce }) => {
    expect(salesforce.pubsub.certificate).toContain('BEGIN CERTIFICATE')
    await fetch(`${clerk.control}/seed`, { method: 'POST', body: JSON.stringify({ users: [{ id: 'user_kept' }] }) })
    const made = await fetch(`${salesforce.control}/records/Contact`, { method: 'POST', body: '{"LastName":"Kept"}' })
    expect(made.status).toBe(201)
    contacts = (await stateOf<Contacts>(salesforce.control)).Contact
  })
  expect(contacts.length).toBeGreaterThan(10)
  await run(async ({ clerk, salesforce }) => {
    expect(await stateOf(clerk.control)).toMatchObject({ users: [{ id: 'user_kept' }] })
    expect((await stateOf<Contacts>(salesforce.control)).Contact).toEqual(contacts)
  })
  writeFileSync(join(cwd, 'kept', 'salesforce.json'), '{')
  const broken = await runCli(args, { cwd })
  expect([broken.code, broken.stderr]).toEqual([
    2,
    expect.stringMatching(
      /^clerkforce: CLERKFORCE_SANDBOX_STATE \(--state\): .*salesforce\.json: it cannot be read as JSON/,
    ),
  ])
})
