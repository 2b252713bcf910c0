import { expect, test } from 'vitest'
import type { RunStatus } from '../../server/runs.ts'
import { emptyFolder, runCli, startEmulators, startServe } from '../cli.test-support.ts'

const people = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    last_name: `Last${from + n}`,
    email_addresses: [`p${from + n}@example.com`],
  }))

test('backfill alone, then beside a running serve; reconcile lists what has drifted', async () => {
  const { clerk, salesforce, env } = await startEmulators()
  const cwd = emptyFolder()
  const token = 'a-token-for-the-operators'
  clerk.seed({ organizations: [{ name: 'Larkspur' }], users: people(0, 3) })
  const alone = await runCli(['backfill'], { cwd, env })
  expect(alone).toMatchObject({ code: 0 })
  expect(alone.stdout).toMatch(/^Backfill 1: 4 records of Clerk read, 4 links worked off in /)
  expect(salesforce.state()['Contact']).toHaveLength(3)

  const { users } = clerk.seed({ users: people(3, 2) })
  const serve = await startServe(clerk, { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token } })
  const options = { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token, PORT: String(serve.port) } }
  const listed = await runCli(['reconcile', '--json'], options)
  expect(listed.code).toBe(0)
  const { drift, ...run } = JSON.parse(listed.stdout) as RunStatus & { drift: { clerkId: string }[] }
  expect(run).toMatchObject({ id: 2, kind: 'reconcile', state: 'done', result: { drift: { missing: 2 } } })
  expect(drift.sort((a, b) => (a.clerkId < b.clerkId ? -1 : 1))).toEqual(
    [...users].sort().map((clerkId) => ({
      class: 'missing',
      entity: 'person',
      clerkId,
      salesforceId: null,
      detail: 'not in Salesforce',
    })),
  )
  expect(salesforce.state()['Contact']).toHaveLength(5)
  expect(listed.stdout).not.toMatch(/Last|example\.com/)
})
