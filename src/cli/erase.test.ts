import { expect, test } from 'vitest'
import { folderWithDatabase, runCli, startEmulators, startServe } from './cli.test-support.ts'

test('erase refuses while the user lives in Clerk, then erases, and prints the receipt again', async () => {
  const { clerk, salesforce, env } = await startEmulators()
  const cwd = folderWithDatabase()
  const token = 'a-token-for-the-operators'
  const serve = await startServe(clerk, { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token } })
  const options = { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token, PORT: String(serve.port) } }
  const call = async (method: string, path: string, body?: object): Promise<{ id: string }> => {
    const response = await fetch(`${clerk.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return (await response.json()) as { id: string }
  }
  const { id } = await call('POST', '/users', {
    email_address: ['ada@example.com'],
    first_name: 'Ada',
    last_name: 'Lovelace',
    password: 'a Long pass-phrase 4 tests',
  })
  await expect.poll(() => salesforce.state()['Contact']?.length, { timeout: 10_000 }).toBe(1)

  const refused = await runCli(['erase', id, '--yes'], options)
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toMatch(/still lives in Clerk.*delete the user there first/)
  expect((await runCli(['erase', id], options)).stderr).toMatch(/no terminal to ask on; give --yes/)
  expect((await runCli(['erase', '--receipt', 'nonsense'], options)).stderr).toMatch(/there is no receipt nonsense/)

  await call('DELETE', `/users/${id}`)
  const erased = await runCli(['erase', id, '--yes', '--json'], options)
  expect(erased).toMatchObject({ code: 0, stderr: '' })
  const receipt = JSON.parse(erased.stdout) as { receipt: string }
  expect(receipt).toMatchObject({
    person: id,
    pending: 0,
    salesforce: [{ object: 'Contact', did: 'anonymise', result: 'done' }],
  })
  expect(salesforce.state()['Contact']).toMatchObject([{ LastName: 'Deleted user', Clerk_Status__c: 'deleted' }])
  const again = await runCli(['erase', '--receipt', receipt.receipt], options)
  expect(again.code).toBe(0)
  expect(again.stdout).toContain(`Receipt ${receipt.receipt}`)
  expect(again.stdout).toMatch(/Contact +│ emptied/)
  expect(erased.stdout + again.stdout).not.toMatch(/Ada|Lovelace|example\.com/)
})
