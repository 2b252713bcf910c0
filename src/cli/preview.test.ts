import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { emptyFolder, runCli } from './cli.test-support.ts'

const inFolder = (files: Readonly<Record<string, unknown>>): string => {
  const cwd = emptyFolder()
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content))
  return cwd
}

const user = {
  id: 'user_ada',
  first_name: 'Ada',
  last_name: 'Lovelace',
  email_addresses: [{ email_address: 'ada@example.com' }],
  public_metadata: { job: 'Analyst' },
}
const contact = { Id: '003000000000001AAA', LastName: 'King', Email: 'ada@example.com', Title: 'Countess' }
const config = `export default { person: { fields: { Title: { from: 'public_metadata.job', rule: 'salesforce' } } } }`

test('preview shows what is written on both sides and why, with the mapping of the folder and without a setting', async () => {
  const cwd = inFolder({ 'user.json': user, 'contact.json': contact, 'clerkforce.config.mts': config })
  const args = ['preview', '--user', 'user.json', '--contact', 'contact.json', '--config', 'clerkforce.config.mts']
  const { code, stdout, stderr } = await runCli(args, { cwd })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Contact is adopted: the only Contact with this e-mail address, and without a Clerk id.')
  expect(stdout).toMatch(/King +│ Lovelace +│ Clerk owns this/)
  expect(stdout).toMatch(/Clerk +│ Analyst +│ Countess +│ Salesforce owns/)
  expect(Math.max(...(stdout.match(/^[┌│].*/gm) ?? []).map((line) => line.length))).toBeLessThanOrEqual(80)
  const json = await runCli([...args, '--json'], { cwd })
  expect(JSON.parse(json.stdout)).toMatchObject({
    Contact: { do: 'adopt', salesforce: { FirstName: 'Ada' }, clerk: { 'public_metadata.job': 'Countess' } },
  })
})

test('what is wrong with a file is said without a word of what it holds', async () => {
  const cwd = inFolder({ 'broken.json': '{"first_name": "Ada"', 'sdk.json': { id: 'user_1', firstName: 'Ada' } })
  const cases: [string[], number, RegExp][] = [
    [['--user', 'broken.json'], 1, /^clerkforce: --user: broken.json is not JSON$/m],
    [['--user', 'nobody.json'], 1, /--user: nobody.json cannot be read \(ENOENT\)/],
    [['--user', 'sdk.json'], 1, /user has 'firstName': give it as Clerk's API and webhooks do/],
    [['--contact', 'sdk.json'], 2, /give --user, --organization or --membership/],
  ]
  for (const [args, expected, words] of cases) {
    const { code, stderr } = await runCli(['preview', ...args], { cwd })
    expect([code, stderr]).toEqual([expected, expect.stringMatching(words)])
    expect(stderr).not.toContain('Ada')
  }
})
