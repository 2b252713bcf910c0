import { expect, test } from 'vitest'
import { freshPostgres } from '../../test/support/databases.ts'
import { openDatabase } from '../db/database.ts'
import { emptyFolder, folderWithDatabase, runCli, startEmulators, startServe } from './cli.test-support.ts'

const until = async (what: string, done: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await done()); tries++) {
    if (tries > 500) throw new Error(`${what}: not within 10 s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const token = 'a-token-for-tests-only'

test('serve takes webhooks to Salesforce on an embedded database, and other commands ask it over HTTP', async () => {
  const cwd = folderWithDatabase()
  const { clerk, salesforce, env: keys } = await startEmulators()
  const env = { ...keys, CLERKFORCE_ADMIN_TOKEN: token }
  const serve = await startServe(clerk, { cwd, env })
  const there = { ...env, PORT: String(serve.port) }
  // Of Clerk's key it needs nothing: the server has it.
  const asking = { PORT: there.PORT, CLERKFORCE_ADMIN_TOKEN: token }
  const user = { email_addresses: ['ann@example.com'], first_name: 'Ann', last_name: 'Lee' }
  const made = await runCli(['org', 'create', 'Acme', '--json'], { cwd, env: asking })
  expect([made.code, made.stderr]).toEqual([0, ''])
  const organization = JSON.parse(made.stdout) as { id: string }
  const [person = ''] = clerk.seed({ users: [user], events: true }).users
  clerk.seed({ memberships: [{ user_id: person, organization_id: organization.id }], events: true })
  await until('the relation is in Salesforce', () => (salesforce.state()['AccountContactRelation'] ?? []).length === 1)
  expect(salesforce.state()).toMatchObject({ Account: [{ Name: 'Acme' }], Contact: [{ LastName: 'Lee' }] })

  const status = await runCli(['status', '--json'], { cwd, env: there })
  expect(JSON.parse(status.stdout)).toMatchObject({ counts: { parked: 0 }, salesforce: { state: 'working' } })
  const table = await runCli(['status'], { cwd, env: there })
  expect(table.stdout).toMatch(/organization +│ 1/)
  const missing = await runCli(['status'], { cwd, env: { PORT: there.PORT } })
  expect([missing.code, missing.stderr]).toMatchObject([
    2,
    expect.stringMatching(/CLERKFORCE_ADMIN_TOKEN .* is missing/),
  ])
  const wrong = await runCli(['status'], { cwd, env: { PORT: there.PORT, CLERKFORCE_ADMIN_TOKEN: `${token}!` } })
  expect([wrong.code, wrong.stderr]).toMatchObject([2, expect.stringContaining('is not the token of the server')])
  const elsewhere = await runCli(['status'], { cwd, env: { ...there, PORT: '1' } })
  expect([elsewhere.code, elsewhere.stderr]).toMatchObject([
    1,
    expect.stringContaining('does not answer at http://127.0.0.1:1'),
  ])
  const second = await runCli(['serve'], { cwd, env })
  expect([second.code, second.stderr]).toMatchObject([2, expect.stringContaining('is in use by process')])

  serve.kill('SIGTERM')
  const ended = await serve.ended
  expect([ended.code, ended.stderr]).toEqual([0, ''])
  // Standard output carries JSON lines alone, and none of them knows anybody.
  for (const line of ended.stdout.trimEnd().split('\n'))
    expect(JSON.parse(line)).toMatchObject({ stage: expect.any(String) })
  expect(ended.stdout).not.toMatch(/ann@example\.com|Lee/)
  const after = await runCli(['status', '--json'], { cwd, env: { PORT: there.PORT } })
  expect(JSON.parse(after.stdout)).toMatchObject({ counts: { dirty: 0 }, salesforce: null })
}, 60_000)

test.each([
  ['Salesforce hangs in the middle of a write', { path: '/services/data/*/composite/sobjects/*' }, 'salesforce'],
  ['Salesforce hangs at the login', { path: '/services/oauth2/token' }, 'salesforce'],
  ['Clerk hangs', { path: '/v1/users/*' }, 'clerk'],
] as const)(
  'at SIGTERM serve ends with exit code 0 within ten seconds and holds nothing back, even when %s',
  async (_, fault, side) => {
    const cwd = emptyFolder()
    const { clerk, salesforce, env: keys } = await startEmulators()
    const hanging = side === 'clerk' ? clerk : salesforce
    hanging.faults.add({ ...fault, latencyMs: 3_600_000 })
    const url = await freshPostgres()
    const serve = await startServe(clerk, { cwd, env: { ...keys, DATABASE_URL: url } })
    clerk.seed({ organizations: [{ name: 'Acme' }], users: [{ email_addresses: ['ann@example.com'] }], events: true })
    const db = await openDatabase({ url })
    await until('the webhooks are read', async () => (await db.query('select 1 from clerkforce.link')).length === 2)
    await new Promise((resolve) => setTimeout(resolve, 500))

    const asked = Date.now()
    serve.kill('SIGTERM')
    expect((await serve.ended).code).toBe(0)
    expect(Date.now() - asked).toBeLessThan(10_000)
    expect(await db.query('select 1 from clerkforce.dirty where leased_by is not null')).toEqual([])
    await db.close()
  },
  60_000,
)
