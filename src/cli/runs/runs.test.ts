import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunStatus } from '../../server/runs.ts'
import { type Env, folderWithDatabase, runCli, spawnCli, startEmulators, startServe } from '../cli.test-support.ts'

const people = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    last_name: `Last${from + n}`,
    email_addresses: [`p${from + n}@example.com`],
  }))

/** Begins a run that waits for Clerk, and ends it by Ctrl-C when it says so. */
const interrupted = async (command: string, options: { cwd: string; env: Env }) => {
  const running = spawnCli([command], options)
  await expect.poll(running.stderr, { timeout: 25_000 }).toMatch(/^Clerk is waited for: /m)
  running.kill('SIGINT')
  return running.ended
}

test('a run that waits says for what at once: what ends by itself is waited for until Ctrl-C, what does not ends the command', async () => {
  const { clerk, env } = await startEmulators()
  const wrong = folderWithDatabase()
  writeFileSync(
    join(wrong, 'clerkforce.config.ts'),
    "export default { person: { fields: { Nonsense__c: 'username' } } }",
  )
  const [stuck, stopped] = await Promise.all([
    runCli(['backfill'], { cwd: wrong, env }),
    interrupted('backfill', { cwd: folderWithDatabase(), env: { ...env, CLERK_API_URL: 'http://127.0.0.1:9' } }),
  ])
  expect(stuck).toMatchObject({ code: 1, stdout: '' })
  expect(stuck.stderr).toMatch(/^The mapping does not fit the org: Contact\.Nonsense__c is missing/m)
  expect(stuck.stderr).toMatch(/cannot go on by itself\. .*clerkforce check.*\n$/)
  expect(stopped).toMatchObject({ code: 130, stdout: '' })
  expect(stopped.stderr).toMatch(/The backfill stops here and keeps what it has: .*\n$/)
  expect(clerk.stats().requests.total).toBe(0)
}, 60_000)

test('backfill alone, reconcile asks before it believes in many deletions, then both beside a running serve; runs and drift are listed', async () => {
  const { clerk, salesforce, env } = await startEmulators()
  const cwd = folderWithDatabase()
  const token = 'a-token-for-the-operators'
  const { users } = clerk.seed({ organizations: [{ name: 'Larkspur' }], users: people(0, 3) })
  const alone = await runCli(['backfill'], { cwd, env })
  expect(alone).toMatchObject({ code: 0 })
  expect(alone.stdout).toMatch(/^Backfill 1: 4 records of Clerk read, 4 links worked off in /)
  expect(salesforce.state()['Contact']).toHaveLength(3)

  for (const id of users.slice(0, 2))
    await clerk.app.request(`/v1/users/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${clerk.secretKey}` },
    })
  const asking = await runCli(['reconcile'], { cwd, env })
  expect(asking).toMatchObject({ code: 3 })
  expect(asking.stdout).toMatch(
    /person: 2 of 3 are gone in Clerk; 1 may be[\s\S]*clerkforce reconcile --accept-deletions 2\n$/,
  )

  clerk.seed({ users: people(3, 2) })
  const serve = await startServe(clerk, { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token } })
  const options = { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token, PORT: String(serve.port) } }
  const accepted = await runCli(['reconcile', '--accept-deletions', '2', '--json'], options)
  expect(accepted.code).toBe(0)
  const { drift, ...run } = JSON.parse(accepted.stdout) as RunStatus & { drift: { class: string; clerkId: string }[] }
  expect(run).toMatchObject({ id: 2, kind: 'reconcile', state: 'done', result: { drift: { stale: 2 } } })
  expect(drift.map((one) => one.clerkId).sort()).toEqual(users.slice(0, 2).sort())

  clerk.faults.add({ respond: { status: 503 } })
  const ask = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${serve.port}${path}`, { headers: { authorization: `Bearer ${token}` } })).text()
  const [listed, shown, status, metrics, stopped] = await Promise.all([
    runCli(['runs', '--json', '--limit', '1', '--before', '3'], options),
    runCli(['runs', '2'], options),
    ask('/api/status'),
    ask('/metrics'),
    interrupted('reconcile', options),
  ])
  expect(JSON.parse(listed.stdout)).toEqual([run])
  expect(shown.stdout).toMatch(/^Reconcile 2: [\s\S]* stale [\s\S]*user_[\s\S]* deleted in Clerk/)
  expect((JSON.parse(status) as { runs: RunStatus[] }).runs).toContainEqual(run)
  expect(metrics).toContain('clerkforce_run_ended_well{kind="reconcile"} 1')
  expect(metrics).toContain('clerkforce_drift{class="stale"} 2')
  expect(stopped).toMatchObject({ code: 130 })
  expect(stopped.stderr).toMatch(/The reconcile goes on in the running clerkforce \(process \d+\)/)
  expect(shown.stdout + listed.stdout + accepted.stdout).not.toMatch(/Last\d|example\.com/)
}, 60_000)
