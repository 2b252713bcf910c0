import { beforeAll, expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

let salesforce: TestClient
const names = async (where: string): Promise<unknown[]> =>
  (await salesforce.query(`SELECT LastName FROM Contact ${where}`)).map((record) => record['LastName'])
const refusal = async (soql: string, asked = salesforce) => {
  const { status, body } = await asked.call('GET', `/query?q=${encodeURIComponent(soql)}`)
  const [error] = body as { errorCode: string; message: string }[]
  return { status, ...error }
}

beforeAll(() => {
  salesforce = openSalesforce({ clock: manualClock(Date.UTC(2026, 0, 5, 9)) })
  salesforce.seed({
    Account: [{ Name: 'Acme', Clerk_Org_Id__c: 'org_A' }, { Name: 'Bolt' }],
    Contact: [
      { LastName: 'Adams', FirstName: 'Ann', Email: 'Ann@Example.com', AccountId: '#0', Clerk_User_Id__c: 'user_a' },
      { LastName: "O'Brien\\x", Email: 'bob@example.com', AccountId: '#0', Clerk_User_Id__c: 'user_A' },
      { LastName: 'Cole', Clerk_Last_Sign_In__c: '2026-01-04T10:30:00.999Z', AccountId: '#1' },
      { LastName: '100%_sure' },
    ],
  })
})

test('text is compared without regard to case, a unique case-sensitive key exactly', async () => {
  expect(await names("WHERE LastName = 'ADAMS'")).toEqual(['Adams'])
  expect(await names("WHERE Email IN ('ann@example.com')")).toEqual(['Adams'])
  expect(await names("WHERE Clerk_User_Id__c = 'user_a'")).toEqual(['Adams'])
  expect(await names("WHERE Clerk_User_Id__c = 'USER_A'")).toEqual([])
})

test('AND, OR and NOT combine with parentheses, with indexes and without', async () => {
  expect(await names("WHERE Email = 'bob@example.com' OR Clerk_User_Id__c IN ('user_a')")).toHaveLength(2)
  expect(await names("WHERE (LastName = 'Cole' OR LastName = 'Adams') AND Email != null")).toEqual(['Adams'])
  expect(await names("WHERE (NOT (LastName = 'Cole' OR Email != null)) AND IsDeleted = FALSE")).toEqual(['100%_sure'])
  expect(await names('WHERE NOT Email = null')).toHaveLength(2)
})

test('AND and OR do not mix without parentheses', async () => {
  expect(await refusal("SELECT Id FROM Contact WHERE Email = 'a' AND Phone = 'b' OR LastName = 'c'")).toMatchObject({
    status: 400,
    errorCode: 'MALFORMED_QUERY',
    message: "unexpected token: 'OR'",
  })
})

test('null equals only null, is in no comparison of order, and counts as different', async () => {
  expect(await names('WHERE Email = null')).toEqual(['Cole', '100%_sure'])
  expect(await names("WHERE Email != 'bob@example.com'")).toHaveLength(3)
  expect(await names("WHERE Email NOT IN ('bob@example.com')")).toHaveLength(3)
  expect(await names("WHERE Email > 'a'")).toHaveLength(2)
  expect(await names("WHERE Email = ''")).toHaveLength(2)
})

test('escapes in literals mean exactly what SOQL says', async () => {
  expect(await names(String.raw`WHERE LastName = 'O\'Brien\\x'`)).toEqual(["O'Brien\\x"])
  expect(await names(String.raw`WHERE LastName = '\u0041dams'`)).toEqual(['Adams'])
  expect(await refusal(String.raw`SELECT Id FROM Contact WHERE LastName = 'a\qb'`)).toMatchObject({
    errorCode: 'MALFORMED_QUERY',
  })
})

test('LIKE knows wildcards and their escapes', async () => {
  expect(await names("WHERE LastName LIKE 'a%'")).toEqual(['Adams'])
  expect(await names("WHERE LastName LIKE '_dams'")).toEqual(['Adams'])
  expect(await names(String.raw`WHERE LastName LIKE '100\%\_%'`)).toEqual(['100%_sure'])
  expect(await names(String.raw`WHERE LastName LIKE '%\\x'`)).toEqual(["O'Brien\\x"])
})

test('date-times are cut to seconds and compared as times, with zones and relative literals', async () => {
  const [cole] = await salesforce.query(
    'SELECT Clerk_Last_Sign_In__c FROM Contact WHERE Clerk_Last_Sign_In__c = 2026-01-04T11:30:00+01:00',
  )
  expect(cole?.['Clerk_Last_Sign_In__c']).toBe('2026-01-04T10:30:00.000+0000')
  expect(await names('WHERE Clerk_Last_Sign_In__c = YESTERDAY')).toEqual(['Cole'])
  expect(await names('WHERE Clerk_Last_Sign_In__c = LAST_N_DAYS:3')).toEqual(['Cole'])
  expect(await names('WHERE Clerk_Last_Sign_In__c < 2026-01-04T00:00:00Z')).toEqual([])
})

test('parents are read in fields, conditions and order, nulls first', async () => {
  const rows = await salesforce.query(
    'SELECT c.LastName, c.Account.Name FROM Contact c ORDER BY Account.Name DESC NULLS LAST, LastName LIMIT 3',
  )
  expect(rows.map((row) => (row['Account'] as { Name: string }).Name)).toEqual(['Bolt', 'Acme', 'Acme'])
  expect(await names("WHERE Account.Clerk_Org_Id__c = 'org_A'")).toHaveLength(2)
  expect(await names('ORDER BY Email')).toEqual(['Cole', '100%_sure', 'Adams', "O'Brien\\x"])
})

test('ids are accepted in both lengths; what is no id is refused', async () => {
  const [first] = await salesforce.query('SELECT Id FROM Contact ORDER BY Id')
  const id = String(first?.['Id'])
  expect(await names(`WHERE Id = '${id.slice(0, 15)}'`)).toEqual(['Adams'])
  expect(await names(`WHERE Id > '${id}' ORDER BY Id LIMIT 1`)).toEqual(["O'Brien\\x"])
  expect(await refusal("SELECT Id FROM Contact WHERE Id = 'nonsense'")).toMatchObject({
    errorCode: 'INVALID_QUERY_FILTER_OPERATOR',
  })
})

test('a literal of the wrong type is refused', async () => {
  expect(await refusal("SELECT Id FROM Contact WHERE IsDeleted = 'false'")).toMatchObject({
    errorCode: 'INVALID_FIELD',
  })
  expect(await refusal('SELECT Id FROM Contact WHERE LastName = 5')).toMatchObject({ errorCode: 'INVALID_FIELD' })
  expect(await refusal('SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01')).toMatchObject({
    errorCode: 'INVALID_FIELD',
  })
})

test('a field that is missing and a field without permission look the same', async () => {
  const missing = await refusal('SELECT Nonsense__c FROM Contact')
  const hidden = await refusal('SELECT Birthdate FROM Contact')
  for (const answer of [missing, hidden]) {
    expect(answer).toMatchObject({ status: 400, errorCode: 'INVALID_FIELD' })
    expect(answer.message).toContain('No such column')
  }
})

test.each([
  ['SELECT FIELDS(ALL) FROM Contact LIMIT 10', 'FIELDS()'],
  ['SELECT TYPEOF Owner WHEN User THEN Name END FROM Contact', 'TYPEOF'],
  ['SELECT Id FROM Contact USING SCOPE team', 'USING SCOPE TEAM'],
  ['SELECT Id FROM Contact c, c.Account a', 'more than one object in FROM'],
  ["SELECT DISTANCE(Id, Id, 'km') FROM Contact", 'DISTANCE()'],
  ['SELECT Id FROM Contact WHERE CreatedDate IN (TODAY, YESTERDAY)', 'a date literal in a list'],
])('%s is refused as not supported, never guessed', async (soql, what) => {
  const answer = await refusal(soql)
  expect(answer).toMatchObject({ status: 400, errorCode: 'MALFORMED_QUERY' })
  expect(answer.message).toContain(what)
  expect(answer.message).toContain('not supported by the emulator')
})

test('what only Apex may ask is refused in the words that the API has for it', async () => {
  expect((await refusal('SELECT Id FROM Contact ALL ROWS')).message).toBe('ALL ROWS not allowed in this context')
  expect((await refusal('SELECT Id FROM Contact FOR UPDATE')).message).toBe('FOR UPDATE not allowed in this context')
  expect((await refusal('SELECT Id FROM Contact WHERE Id = :id')).message).toContain('Bind variables only allowed')
})

test('access checks and the scope of everything change nothing, the scope of one’s own does', async () => {
  expect(await names('WITH SECURITY_ENFORCED LIMIT 1')).toHaveLength(1)
  expect(await names('WITH USER_MODE LIMIT 1')).toHaveLength(1)
  expect(await names('USING SCOPE everything')).toHaveLength(4)
  expect(await names('USING SCOPE mine')).toEqual([])
})

test('INCLUDES finds records with all values of one group, EXCLUDES the others', async () => {
  const other = openSalesforce({ sfdx: false })
  const { Account, Contact } = other.seed({ Account: [{ Name: 'A' }], Contact: [{ LastName: 'X' }, { LastName: 'Y' }] })
  other.person.edit('Contact', Contact[1] ?? '', { AccountId: Account[0] })
  for (const [i, id] of Contact.entries()) {
    if (i === 0) other.person.edit('Contact', id, { AccountId: Account[0] })
    const [relation] = await other.query(`SELECT Id FROM AccountContactRelation WHERE ContactId = '${id}'`)
    other.person.edit('AccountContactRelation', String(relation?.['Id']), {
      Roles: i === 0 ? 'Evaluator;Other' : 'Evaluator',
    })
  }
  const count = async (where: string) =>
    (await other.query(`SELECT Id FROM AccountContactRelation WHERE ${where}`)).length
  expect(await count("Roles INCLUDES ('evaluator;other', 'Decision Maker')")).toBe(1)
  expect(await count("Roles INCLUDES ('Evaluator')")).toBe(2)
  expect(await count("Roles EXCLUDES ('Other')")).toBe(1)
})

test('toLabel and FORMAT show a field in another form, and may have an alias', async () => {
  const [row] = await salesforce.query(
    "SELECT toLabel(Clerk_Status__c), FORMAT(CreatedDate) made, Account.Name FROM Contact WHERE LastName = 'Adams'",
  )
  expect(row).toMatchObject({
    Clerk_Status__c: null,
    made: expect.stringMatching(/^1\/5\/2026, 9:00.AM$/),
    Account: { Name: 'Acme' },
  })
})

test.each([
  'SELECT',
  'SELECT Id FROM',
  'SELECT Id FROM Contact WHERE',
  "SELECT Id FROM Contact WHERE LastName = 'x",
  'DELETE FROM Contact',
])('%s is malformed', async (soql) => {
  expect(await refusal(soql)).toMatchObject({ status: 400, errorCode: 'MALFORMED_QUERY' })
})

test('semi-joins and anti-joins read ids of another object', async () => {
  const of = "SELECT Id FROM Account WHERE Name = 'acme'"
  expect(await names(`WHERE AccountId IN (${of})`)).toEqual(['Adams', "O'Brien\\x"])
  expect(await names(`WHERE AccountId NOT IN (${of})`)).toEqual(['Cole', '100%_sure'])
  expect(await names(`WHERE AccountId IN (${of}) AND Email LIKE 'ann%'`)).toEqual(['Adams'])
})

const everything = openSalesforce({ sfdx: false })

test.each([
  ["AccountId IN (SELECT Id FROM Account) OR LastName = 'x'", "not allowed with the 'OR' operator"],
  ['NOT AccountId IN (SELECT Id FROM Account)', 'only allowed at the top level'],
  ['LastName IN (SELECT Id FROM Account)', "should be an id field, cannot use: 'LastName'"],
  ['Account.ParentId IN (SELECT Id FROM Account)', "cannot use: 'Account.ParentId'"],
  ['AccountId IN (SELECT Name FROM Account)', "can only query id fields, cannot use: 'Name'"],
  ['Id IN (SELECT Id FROM Account)', 'should point to the same object type'],
  ['Id IN (SELECT ReportsToId FROM Contact)', 'should not be on the same object type'],
  ['AccountId IN (SELECT Id FROM Account LIMIT 1)', 'cannot use GROUP BY, ORDER BY, LIMIT or OFFSET'],
  ['AccountId IN (SELECT Id FROM Account WHERE ParentId IN (SELECT AccountId FROM Contact))', 'Nesting of semi join'],
  [
    'AccountId IN (SELECT Id FROM Account) AND Id IN (SELECT ContactId FROM AccountContactRelation) AND AccountId NOT IN (SELECT AccountId FROM AccountContactRelation)',
    'Maximum 2 semi join sub-selects',
  ],
])('the semi-join %s is refused', async (where, why) => {
  const answer = await refusal(`SELECT Id FROM Contact WHERE ${where}`, everything)
  expect(answer).toMatchObject({ status: 400, errorCode: 'MALFORMED_QUERY' })
  expect(answer.message).toContain(why)
})

test('an unknown object is an invalid type', async () => {
  expect(await refusal('SELECT Id FROM Nonsense__c')).toMatchObject({ errorCode: 'INVALID_TYPE' })
})

test('deleted records are seen by queryAll only', async () => {
  const id = salesforce.person.create('Contact', { LastName: 'Gone' })
  salesforce.person.remove('Contact', id)
  const soql = `SELECT Id, IsDeleted FROM Contact WHERE Id = '${id}'`
  expect(await salesforce.query(soql)).toEqual([])
  expect(await salesforce.query(soql, '/queryAll')).toEqual([{ Id: id, IsDeleted: true }])
})

test('with late visibility a query does not see young writes, and reads by id do', async () => {
  const clock = manualClock()
  const late = openSalesforce({ clock, lateVisibilityMs: 2_000 })
  const id = late.person.create('Contact', { LastName: 'Before' })
  expect(await late.query('SELECT LastName FROM Contact')).toEqual([])
  expect(await late.call('GET', `/sobjects/Contact/${id}`)).toMatchObject({ status: 200 })
  await clock.advance(2_000)
  expect(await late.query('SELECT LastName FROM Contact')).toEqual([{ LastName: 'Before' }])
  late.person.edit('Contact', id, { LastName: 'After' })
  expect(await late.query(`SELECT LastName FROM Contact WHERE Id = '${id}'`)).toEqual([{ LastName: 'Before' }])
  await clock.advance(2_000)
  expect(await late.query(`SELECT LastName FROM Contact WHERE Id = '${id}'`)).toEqual([{ LastName: 'After' }])
})
