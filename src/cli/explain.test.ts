import { expect, onTestFinished, test } from 'vitest'
import { freshPostgres } from '../../test/support/databases.ts'
import { openDatabase } from '../db/database.ts'
import { folderWithDatabase, runCli } from './cli.test-support.ts'
import { columnsOf, cutTo, fromNow, harmless, wrapTo } from './explain/text.ts'

/** A database with a parked pair whose Contact says something that a terminal must not be told. */
const seeded = async (): Promise<string> => {
  const url = await freshPostgres()
  const db = await openDatabase({ url })
  onTestFinished(() => db.close())
  await db.query(`
    insert into clerkforce.link (entity, clerk_id, salesforce_id, base, parked_at, parked_code, parked_reason)
    values ('person', 'user_1', '003000000000001AAA', '{"FirstName": "Ada"}', 1, 'CONFLICT', 'a person must decide')`)
  const clerk = { id: 'user_1', first_name: 'Ada', last_name: 'Lovelace', email_addresses: [], public_metadata: {} }
  const contact = { FirstName: 'Ada', LastName: `King\u001b[2J${'x'.repeat(200)}`, Clerk_User_Id__c: 'user_1' }
  await db.query(
    `insert into clerkforce.record (side, entity, id, body, version, seen) values
     ('clerk', 'person', 'user_1', $1, 1, 1), ('salesforce', 'person', '003000000000001AAA', $2, 1, 1)`,
    [JSON.stringify(clerk), JSON.stringify(contact)],
  )
  return url
}

test('explain prints one record in 80 columns, without letting its values do anything to the terminal', async () => {
  const cwd = folderWithDatabase()
  const env = { DATABASE_URL: await seeded() }
  const { code, stdout } = await runCli(['explain', 'user_1'], { cwd, env })
  expect(code).toBe(0)
  expect(stdout).toContain('PARKED CONFLICT')
  expect(stdout).toMatch(/LastName .*Lovelace +≠ King�\[2Jx+…/)
  expect(stdout).not.toContain('\u001b')
  expect(stdout.split('\n').filter((line) => columnsOf(line) > 80)).toEqual([])
  const json = await runCli(['explain', '003000000000001', '--json'], { cwd, env })
  expect(JSON.parse(json.stdout)).toMatchObject({ matches: [], records: [{ standing: { is: 'parked' } }] })
})

test('explain of what nobody knows ends with 1, and says what to do', async () => {
  const env = { DATABASE_URL: await freshPostgres() }
  const { code, stdout, stderr } = await runCli(['explain', 'user_nobody'], { cwd: folderWithDatabase(), env })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('clerkforce knows nothing of user_nobody')
})

test('text is cut, wrapped and made harmless by what it looks like', () => {
  expect(cutTo('Łukasz', 4)).toBe('Łuk…')
  expect(cutTo('日本語', 4)).toBe('日…')
  expect(columnsOf('👩‍🚀 e\u0301')).toBe(4)
  expect(wrapTo('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrapTo('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k'])
  expect(harmless('a\nb\u0007\u202ec')).toBe('a↵b��c')
  expect([fromNow(1_000, 1_500), fromNow(0, 90_000), fromNow(5_000, 0)]).toEqual(['now', '1 min ago', 'in 5 s'])
})
