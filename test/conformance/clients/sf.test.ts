import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSalesforceEmulator, startSalesforceEmulator } from '../../../src/emulators/salesforce/index.ts'

/*
 * The unmodified sf CLI against the emulator, as child processes: log in, deploy our own project into an org that has
 * nothing of it, assign the permission set, write and read records one by one and in bulk. One org throughout, in the
 * order in which a person would do it. Nothing leaves the machine.
 */

const cli = fileURLToPath(new URL('node_modules/@salesforce/cli/bin/run.js', import.meta.url))
const ownProject = fileURLToPath(new URL('../../../sfdx', import.meta.url))

let salesforce: RunningSalesforceEmulator
let home: string
let project: string
let token: string

type Printed = { status: number; result: unknown; name?: string; message?: string }

/** Runs a command with `--json`, in the project's folder, and gives what it prints. */
const sf = (...args: string[]): Promise<Printed> =>
  new Promise((resolve, reject) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: home,
      SF_ACCESS_TOKEN: token,
      SF_TARGET_ORG: 'emulator',
      SF_DISABLE_DNS_CHECK: 'true',
      SF_DISABLE_TELEMETRY: 'true',
      SF_AUTOUPDATE_DISABLE: 'true',
      SF_SKIP_NEW_VERSION_CHECK: 'true',
      SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
      SF_ORG_METADATA_REST_DEPLOY: 'true',
      SF_LOG_LEVEL: 'fatal',
    }
    execFile(process.execPath, [cli, ...args, '--json'], { cwd: project, env, maxBuffer: 2 ** 26 }, (_, out, err) => {
      try {
        resolve(JSON.parse(out) as Printed)
      } catch {
        reject(new Error(`sf ${args.join(' ')}: ${out}\n${err}`))
      }
    })
  })
const query = async (soql: string): Promise<{ [field: string]: unknown }[]> => {
  const { result } = await sf('data', 'query', '--query', soql)
  return (result as { records: { [field: string]: unknown }[] }).records.map(({ attributes: _, ...record }) => record)
}

beforeAll(async () => {
  if (!existsSync(cli)) throw new Error('the sf CLI is not installed here: npm run conformance:install')
  home = mkdtempSync(join(tmpdir(), 'sf-home-'))
  project = mkdtempSync(join(tmpdir(), 'sf-project-'))
  cpSync(ownProject, project, { recursive: true })
  salesforce = await startSalesforceEmulator({ sfdx: false })
  const { clientId: client_id, clientSecret: client_secret } = salesforce
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret })
  const reply = await fetch(`${salesforce.url}/services/oauth2/token`, { method: 'POST', body })
  token = ((await reply.json()) as { access_token: string }).access_token
})
afterAll(async () => {
  await salesforce.close()
  rmSync(home, { recursive: true })
  rmSync(project, { recursive: true })
})

test('org login access-token, org display and org list', async () => {
  const login = await sf(
    'org',
    'login',
    'access-token',
    '--instance-url',
    salesforce.url,
    '--alias',
    'emulator',
    '--no-prompt',
  )
  expect(login).toMatchObject({ status: 0, result: { orgId: salesforce.orgId, username: salesforce.username } })
  expect(await sf('org', 'display')).toMatchObject({
    status: 0,
    result: { id: salesforce.orgId, connectedStatus: 'Connected', apiVersion: '68.0', username: salesforce.username },
  })
  expect(await sf('org', 'list')).toMatchObject({ result: { nonScratchOrgs: [{ connectedStatus: 'Connected' }] } })
})

test('project deploy start: a dry run changes nothing, the deploy brings the whole project', async () => {
  const dry = await sf('project', 'deploy', 'start', '--manifest', 'manifest/package.xml', '--dry-run')
  expect(dry).toMatchObject({ status: 0, result: { status: 'Succeeded', checkOnly: true } })
  expect((await sf('org', 'assign', 'permset', '--name', 'Clerk_Sync')).status).not.toBe(0)
  const deployed = await sf('project', 'deploy', 'start', '--manifest', 'manifest/package.xml')
  expect(deployed).toMatchObject({
    status: 0,
    result: { status: 'Succeeded', success: true, numberComponentErrors: 0, numberComponentsTotal: 17 },
  })
  const { files } = deployed.result as { files: { fullName: string; state: string }[] }
  expect(files).toContainEqual(expect.objectContaining({ fullName: 'Contact.Clerk_User_Id__c', state: 'Created' }))
  expect(files.every(({ state }) => state === 'Created')).toBe(true)
})

test('project deploy report and quick know the deploy', async () => {
  const validated = await sf(
    'project',
    'deploy',
    'validate',
    '--manifest',
    'manifest/package.xml',
    '--test-level',
    'RunLocalTests',
  )
  const { id } = validated.result as { id: string }
  expect(await sf('project', 'deploy', 'report', '--job-id', id)).toMatchObject({
    status: 0,
    result: { status: 'Succeeded' },
  })
  expect(await sf('project', 'deploy', 'quick', '--job-id', id)).toMatchObject({
    status: 0,
    result: { status: 'Succeeded' },
  })
})

test('project deploy start tells what is wrong, and where', async () => {
  const file = 'force-app/main/default/permissionsets/Clerk_Sync.permissionset-meta.xml'
  const source = readFileSync(join(project, file), 'utf8')
  writeFileSync(join(project, file), source.replace('Contact.Phone', 'Contact.Ghost__c'))
  const failed = await sf('project', 'deploy', 'start', '--source-dir', file)
  writeFileSync(join(project, file), source)
  expect(failed).toMatchObject({
    status: 1,
    result: {
      status: 'Failed',
      details: {
        componentFailures: [
          {
            componentType: 'PermissionSet',
            fullName: 'Clerk_Sync',
            problemType: 'Error',
            problem: 'In field: field - no CustomField named Contact.Ghost__c found',
          },
        ],
      },
    },
  })
})

test('org assign permset opens the deployed fields', async () => {
  const before = await sf('data', 'query', '--query', 'SELECT Clerk_User_Id__c FROM Contact')
  expect(before).toMatchObject({ name: 'INVALID_FIELD' })
  expect(await sf('org', 'assign', 'permset', '--name', 'Clerk_Sync')).toMatchObject({
    status: 0,
    result: { successes: [{ value: 'Clerk_Sync' }], failures: [] },
  })
  expect(await query('SELECT Clerk_User_Id__c FROM Contact')).toEqual([])
})

test('data create, update, get and delete of a record, and data query', async () => {
  const made = await sf(
    'data',
    'create',
    'record',
    '--sobject',
    'Account',
    '--values',
    "Name='Acme Ltd' Clerk_Org_Id__c=org_1",
  )
  const { id } = made.result as { id: string }
  await sf('data', 'update', 'record', '--sobject', 'Account', '--record-id', id, '--values', 'Website=acme.example')
  expect(await sf('data', 'get', 'record', '--sobject', 'Account', '--where', "Name='Acme Ltd'")).toMatchObject({
    result: { Id: id, Website: 'acme.example' },
  })
  expect(await query("SELECT Name, Owner.Name FROM Account WHERE Clerk_Org_Id__c = 'org_1'")).toMatchObject([
    { Name: 'Acme Ltd', Owner: { Name: 'Integration User' } },
  ])
  const gone = await sf('data', 'create', 'record', '--sobject', 'Account', '--values', 'Name=Gone')
  await sf('data', 'delete', 'record', '--sobject', 'Account', '--record-id', (gone.result as { id: string }).id)
  expect(await query('SELECT COUNT(Id) n FROM Account')).toEqual([{ n: 1 }])
})

test('sobject list and sobject describe', async () => {
  const { result } = await sf('sobject', 'list', '--sobject', 'all')
  expect(result).toEqual(expect.arrayContaining(['Account', 'AccountContactRelation', 'Contact']))
  const described = await sf('sobject', 'describe', '--sobject', 'Contact')
  const { fields } = described.result as { fields: { name: string }[] }
  expect(fields).toContainEqual(
    expect.objectContaining({
      name: 'Clerk_User_Id__c',
      unique: true,
      caseSensitive: true,
      externalId: true,
      length: 64,
    }),
  )
})

test('data upsert bulk, data export bulk and data export tree', async () => {
  const csv = join(project, 'contacts.csv')
  writeFileSync(csv, 'Clerk_User_Id__c,LastName,Email\nuser_1,Ng,ng@example.com\nuser_2,Oh,oh@example.com\n')
  const upserted = await sf(
    'data',
    'upsert',
    'bulk',
    '--sobject',
    'Contact',
    '--file',
    csv,
    '--external-id',
    'Clerk_User_Id__c',
    '--wait',
    '2',
  )
  expect(upserted).toMatchObject({
    status: 0,
    result: { jobInfo: { state: 'JobComplete', numberRecordsProcessed: 2, numberRecordsFailed: 0 } },
  })
  const out = join(project, 'out.csv')
  const soql = 'SELECT Clerk_User_Id__c, LastName FROM Contact ORDER BY LastName'
  expect(await sf('data', 'export', 'bulk', '--query', soql, '--output-file', out, '--wait', '2')).toMatchObject({
    status: 0,
    result: { totalSize: 2 },
  })
  expect(readFileSync(out, 'utf8')).toBe('"Clerk_User_Id__c","LastName"\n"user_1","Ng"\n"user_2","Oh"\n')
  const tree = await sf(
    'data',
    'export',
    'tree',
    '--query',
    'SELECT LastName, Email FROM Contact',
    '--output-dir',
    project,
  )
  expect(tree).toMatchObject({ status: 0, result: { records: [{ LastName: 'Ng' }, { LastName: 'Oh' }] } })
})

test('data delete bulk, and org list limits and record counts', async () => {
  const ids = (await query('SELECT Id FROM Contact')).map(({ Id }) => String(Id))
  const csv = join(project, 'gone.csv')
  writeFileSync(csv, `Id\n${ids.join('\n')}\n`)
  expect(await sf('data', 'delete', 'bulk', '--sobject', 'Contact', '--file', csv, '--wait', '2')).toMatchObject({
    status: 0,
  })
  expect(await sf('org', 'list', 'limits')).toMatchObject({
    result: expect.arrayContaining([expect.objectContaining({ name: 'DailyApiRequests', max: 15_000 })]),
  })
  expect(await sf('org', 'list', 'sobject', 'record-counts', '--sobject', 'Account')).toMatchObject({
    result: [{ name: 'Account', count: 1 }],
  })
})
