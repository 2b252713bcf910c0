import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunStatus } from '../server/runs.ts'
import type { PlannedRow } from '../sync/mirror/planned.ts'
import { folderWithDatabase, runCli, spawnCli, startEmulators, startServe } from './cli.test-support.ts'

// Processes of their own, which start in a second each on a machine that has nothing else to do.
const patienceMs = 90_000

const person = (n: number) => ({
  first_name: `First${n}`,
  last_name: `Last${n}`,
  email_addresses: [`p${n}@example.com`],
})

test('a plan is shown and written to files; what is struck out is not written, and a killed apply of the file is taken up by the next', {
  timeout: patienceMs,
}, async () => {
  const { clerk, salesforce, env } = await startEmulators()
  const cwd = folderWithDatabase()
  const { users } = clerk.seed({
    organizations: [{ name: 'Larkspur' }],
    users: Array.from({ length: 60 }, (_, n) => person(n)),
  })
  salesforce.person.create('Contact', { LastName: 'Typed', Email: 'p1@example.com' })
  for (const LastName of ['A', 'B']) salesforce.person.create('Contact', { LastName, Email: 'p2@example.com' })
  const before = salesforce.state()
  const planned = await runCli(['plan', '--out', 'plan.jsonl', '--html', 'plan.html'], { cwd, env })
  expect(planned.code).toBe(0)
  expect(planned.stdout).toMatch(
    /^Plan 1\. Nothing was written[\s\S]*│ adopt +│[^\n]*│ 1 [\s\S]*Typed → Last1[\s\S]*clerkforce apply plan\.jsonl/,
  )
  expect(planned.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(planned.stderr).toMatch(/plan\.jsonl: the plan.*personal data/)
  expect(readFileSync(join(cwd, 'plan.html'), 'utf8')).toContain('First1 Last1, p1@example.com')
  expect(salesforce.state()).toEqual(before)

  const path = join(cwd, 'plan.jsonl')
  const lines = readFileSync(path, 'utf8').split('\n')
  writeFileSync(join(cwd, 'edited.jsonl'), lines.join('\n').replace('"Last1"', '"Lost1"'))
  writeFileSync(path, lines.filter((line) => !line.includes(`"clerkId":"${users[3]}"`)).join('\n'))

  salesforce.settings.latencyMs = 200
  const refused = runCli(['apply', 'edited.jsonl', '--yes'], { cwd, env })
  const killed = spawnCli(['apply', 'plan.jsonl', '--yes'], { cwd, env })
  await expect.poll(() => salesforce.stats().records['Account.created'], { timeout: 60_000, interval: 5 }).toBe(1)
  killed.kill('SIGKILL')
  await killed.ended
  salesforce.settings.latencyMs = 0
  expect(await refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/line \d+ \(user_\w+\) was edited/) })
  const applied = await runCli(['apply', 'plan.jsonl', '--yes', '--json'], { cwd, env })
  expect(applied).toMatchObject({ code: 1, stderr: expect.stringMatching(/60 records, 1 record struck out/) })
  const { unapplied, ...run } = JSON.parse(applied.stdout) as RunStatus & { unapplied: object[] }
  expect(run).toMatchObject({ id: 2, state: 'done', result: { applied: { done: 59, parked: 1 }, unknown: 0 } })
  expect(unapplied).toMatchObject([{ clerkId: users[2], outcome: 'parked' }])
  const keys = (salesforce.state()['Contact'] ?? []).flatMap(({ Clerk_User_Id__c: key }) => key ?? [])
  expect(keys.sort()).toEqual(users.filter((_, n) => n !== 2 && n !== 3).sort())
})

test('beside a running serve a plan asks it, shows what was asked for as JSON; later the same plan is there to be shown again', {
  timeout: patienceMs,
}, async () => {
  const { clerk, salesforce, env } = await startEmulators()
  const cwd = folderWithDatabase()
  const { users } = clerk.seed({ users: [person(1), person(2)] })
  const token = 'a-token-for-the-operators'
  const serve = await startServe(clerk, { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token } })
  const options = { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token, PORT: String(serve.port) } }
  const shown = await runCli(['plan', '--json', '--show', 'people', '--out', 'plan.jsonl'], options)
  expect(shown.code).toBe(0)
  const { records, ...run } = JSON.parse(shown.stdout) as RunStatus & { records: PlannedRow[] }
  expect(run).toMatchObject({
    kind: 'plan',
    state: 'done',
    result: { planned: { kinds: [{ kind: 'create', count: 2 }] } },
  })
  expect(records.map(({ clerkId }) => clerkId).sort()).toEqual([...users].sort())
  expect(salesforce.state()['Contact'] ?? []).toEqual([])
  const one = await runCli(['plan', '--last', '--show', String(users[0])], options)
  expect(one.stdout).toMatch(new RegExp(`^create +${users[0]} +First1 Last1[\\s\\S]*LastName: Last1`))
})
