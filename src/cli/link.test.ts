import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderWithDatabase, runCli, startEmulators, startServe } from './cli.test-support.ts'
import { pairHeader, readPairs, renderPair } from './pair-file.ts'

test('people decide on the command line, beside a running serve: report, file of decisions, unlink, undo', async () => {
  const { clerk, salesforce, env } = await startEmulators()
  const cwd = folderWithDatabase()
  const token = 'a-token-for-the-operators'
  const [first = '', second = ''] = ['King', 'Byron'].map((LastName) =>
    salesforce.person.create('Contact', { LastName, Email: 'ada@example.com' }),
  )
  const serve = await startServe(clerk, { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token } })
  const options = { cwd, env: { ...env, CLERKFORCE_ADMIN_TOKEN: token, PORT: String(serve.port) } }
  const call = async (method: string, path: string, body: object): Promise<{ id: string }> => {
    const response = await fetch(`${clerk.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${clerk.secretKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as { id: string }
  }
  const { id } = await call('POST', '/users', {
    email_address: ['ada@example.com'],
    first_name: '=Ada',
    last_name: 'Lovelace',
    password: 'a Long pass-phrase 4 tests',
  })
  const contact = (of: string) => salesforce.state()['Contact']?.find((one) => one['Id'] === of)
  const parked = async (): Promise<string> => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`http://127.0.0.1:${serve.port}/api/parked`, { headers })).text()
  }
  await expect.poll(parked, { timeout: 10_000 }).toMatch(/AMBIGUOUS/)

  const [report, table] = await Promise.all([runCli(['adoption', '--csv'], options), runCli(['adoption'], options)])
  expect(report.stdout).toMatch(
    new RegExp(`^clerk_id,salesforce_id,.*\\n${id},,person,ambiguous,e-mail address,"?'=Ada`),
  )
  const file = join(cwd, 'decisions.csv')
  writeFileSync(file, report.stdout.replace(`${id},,`, `${id},${second},`))
  expect(table.stdout).toMatch(/a person decides: several match +│ 0 +│ 1/)
  const linked = await runCli(['link', '--file', 'decisions.csv'], options)
  expect(linked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^1 pair decided, 0 refused\./) as string })
  await expect.poll(() => contact(second)?.['Clerk_User_Id__c'], { timeout: 10_000 }).toBe(id)

  const [refused, explained] = await Promise.all([
    runCli(['link', id, first], options),
    runCli(['explain', id], options),
  ])
  expect([refused.code, refused.stdout.replace(/[\s│]+/g, ' ')]).toEqual([
    1,
    expect.stringMatching(/linked to Contact \w+: unlink it first/),
  ])
  expect(explained.stdout).toContain(`a person linked it to ${second}`)
  const change = /adopted in Salesforce \(change (\d+)\)/.exec(explained.stdout)?.[1] ?? ''
  const forced = await runCli(['undo', change, '--yes', '--force', '--json'], options)
  const [undone] = JSON.parse(forced.stdout) as [{ fields: { field: string; back: unknown; outcome: string }[] }]
  expect(undone).toMatchObject({ done: true, held: true })
  expect(undone.fields).toContainEqual(
    expect.objectContaining({ field: 'LastName', back: 'Byron', outcome: 'overwritten', undone: true }),
  )
  expect(contact(second)).toMatchObject({ LastName: 'Byron', Clerk_User_Id__c: id })

  const apart = await runCli(['unlink', second], options)
  expect(apart).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/are no pair any more; it is left alone/) as string,
  })
  await expect.poll(() => contact(second)?.['Clerk_User_Id__c'] ?? null, { timeout: 10_000 }).toBe(null)
}, 30_000)

test('the file of decisions is read as it was written, and as spreadsheets write it', () => {
  const row = {
    entity: 'person',
    clerkId: 'user_1',
    name: 'A, "B"\nC',
    outcome: 'match',
    rule: 'e-mail address',
  } as const
  const text = pairHeader + renderPair({ ...row, salesforceId: '003000000000001AAA', candidates: [] })
  expect(readPairs(text)).toEqual({ pairs: [{ clerkId: 'user_1', salesforceId: '003000000000001AAA' }], left: 0 })
  expect(readPairs('\uFEFFclerk_id,salesforce_id\r\nuser_1,None\r\nuser_2,\r\n\r\n')).toEqual({
    pairs: [{ clerkId: 'user_1', salesforceId: null }],
    left: 1,
  })
  // As a spreadsheet saves it where the comma is the decimal sign, and as one that keeps tabs does.
  for (const separator of [';', '\t']) {
    const saved = [
      ['clerk_id', 'salesforce_id', 'name'],
      ['user_1', '003000000000001AAA', '"A, ""B"""'],
      ['user_2', '', 'Ana, of Corp'],
    ]
    expect(readPairs(`\uFEFF${saved.map((cells) => cells.join(separator)).join('\r\n')}\r\n`)).toEqual({
      pairs: [{ clerkId: 'user_1', salesforceId: '003000000000001AAA' }],
      left: 1,
    })
  }
  expect(() => readPairs('id,other\n1,2\n')).toThrow(/first line must name the columns clerk_id and salesforce_id/)
  expect(() => readPairs('clerk_id,salesforce_id\n"user_1,')).toThrow(/not a CSV file \(CSV_QUOTE_NOT_CLOSED/)
})

test('wrong usage of what people decide ends with exit code 2 and says what is wrong', async () => {
  const cwd = folderWithDatabase()
  const cases: [string[], RegExp][] = [
    [['link', 'user_1'], /give a Clerk id and a Salesforce id \(or none\), or --file/],
    [['adoption', '--csv', '--json'], /give --csv or --json, not both/],
    [['undo', '--yes'], /give the changes to undo, or --run/],
    [['undo', 'x', '--yes'], /must be a number/],
    [['undo', '1'], /no terminal to ask on; give --yes, or --dry-run/],
    [['resync'], /--changed-mapping/],
  ]
  const runs = await Promise.all(cases.map(([args]) => runCli(args, { cwd })))
  expect(runs.map(({ code }) => code)).toEqual(cases.map(() => 2))
  for (const [index, { stderr }] of runs.entries()) expect(stderr).toMatch(cases[index]?.[1] ?? /^$/)
})
