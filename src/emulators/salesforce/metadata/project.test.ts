import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSalesforce } from '../client.test-support.ts'
import type { SalesforceEmulatorOptions } from '../index.ts'
import { readCustomField } from './custom-field.ts'
import { channelsOf, type Metadata } from './model.ts'
import { readPermissionSet } from './permission-set.ts'
import { inOrder, readProject } from './project.ts'

const ownProject = fileURLToPath(new URL('../../../../sfdx', import.meta.url))
const setFile = 'force-app/main/default/permissionsets/Clerk_Sync.permissionset-meta.xml'
let project: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sfdx-'))
  cpSync(ownProject, project, { recursive: true })
})
afterEach(() => rmSync(project, { recursive: true }))

const edit = (file: string, change: (text: string) => string) =>
  writeFileSync(join(project, file), change(readFileSync(join(project, file), 'utf8')))
const withField = (field: string, editable: boolean) => (text: string) =>
  text.replace(
    '<hasActivationRequired>',
    `<fieldPermissions><editable>${editable}</editable><field>${field}</field><readable>true</readable></fieldPermissions><hasActivationRequired>`,
  )
const open = () => openSalesforce({ sfdx: project })

const shipped = readProject(ownProject)
const fields = shipped.flatMap(({ type, fullName, element }) =>
  type === 'CustomField' ? [readCustomField(fullName.split('.')[0] ?? '', element)] : [],
)
const permissionSets = shipped.flatMap(({ type, fullName, element }) =>
  type === 'PermissionSet' ? [readPermissionSet(fullName, element)] : [],
)

test('the shipped keys are unique, case-sensitive external ids of 64 characters', () => {
  const keys = fields.filter(({ field }) => field.externalId)
  expect(keys.map(({ object, field }) => `${object}.${field.name}`)).toEqual([
    'Account.Clerk_Org_Id__c',
    'AccountContactRelation.Clerk_Membership_Id__c',
    'Contact.Clerk_Invitation_Id__c',
    'Contact.Clerk_User_Id__c',
  ])
  for (const { field } of keys) expect(field).toMatchObject({ unique: true, caseSensitive: true, length: 64 })
})

/** What people fill in and clerkforce only reads: nobody gets access to Clerk because of what clerkforce wrote. */
const checkboxes = ['Account.Provision_Clerk_Org__c', 'Contact.Invite_To_Clerk__c']

test('the manifest names exactly what the project holds', () => {
  const manifest = readFileSync(join(ownProject, 'manifest/package.xml'), 'utf8')
  const members = [...manifest.matchAll(/<members>(.+?)<\/members>/g)].map((found) => found[1])
  expect(members).toEqual(inOrder(shipped).map(({ fullName }) => fullName))
})

test('the permission set lets every field be written but the checkboxes, which may be read', () => {
  const names = fields.map(({ object, field }) => `${object}.${field.name}`)
  const granted = permissionSets.flatMap((set) => set.fields)
  const named = (editable: boolean) =>
    granted
      .filter((entry) => entry.readable && entry.editable === editable)
      .map(({ object, field }) => `${object}.${field}`)
  expect(named(true)).toEqual(expect.arrayContaining(names.filter((name) => !checkboxes.includes(name))))
  expect(named(false)).toEqual(expect.arrayContaining(checkboxes))
})

const shippedChannel = (options: SalesforceEmulatorOptions) => {
  const { metadata } = openSalesforce(options).snapshot().parts as { metadata: Metadata }
  return channelsOf(metadata).find(({ name }) => name === 'Clerk_Sync__chn')
}

test('the shipped channel carries the changes of Accounts, Contacts and their relationships, as they are', () => {
  expect(shippedChannel({})).toEqual({
    name: 'Clerk_Sync__chn',
    label: 'Clerk Sync',
    type: 'data',
    members: ['Account', 'AccountContactRelation', 'Contact'].map((object) => ({
      name: `Clerk_Sync_chn_${object}ChangeEvent`,
      entity: `${object}ChangeEvent`,
      enrichedFields: [],
      filterExpression: undefined,
    })),
  })
})

test('an org without relationships has the channel without them', () => {
  const members = shippedChannel({ contactsToMultipleAccounts: false })?.members
  expect(members?.map(({ entity }) => entity)).toEqual(['AccountChangeEvent', 'ContactChangeEvent'])
})

test('a field that is not shipped is not there', async () => {
  rmSync(join(project, 'force-app/main/default/objects/Contact/fields/Clerk_Status__c.field-meta.xml'))
  expect(open).toThrow('no CustomField named Contact.Clerk_Status__c found')
  edit(setFile, (text) =>
    text.replace(
      /<fieldPermissions>\s*<editable>true<\/editable>\s*<field>Contact.Clerk_Status__c<[\s\S]*?<\/fieldPermissions>/,
      '',
    ),
  )
  const answer = await open().call('POST', '/sobjects/Contact', { LastName: 'X', Clerk_Status__c: 'active' })
  expect(answer.body).toMatchObject([{ errorCode: 'INVALID_FIELD' }])
})

test('a field without permission is there, but not for the API', async () => {
  edit(setFile, (text) => text.replace('<field>Contact.Clerk_Status__c</field>', '<field>Contact.Title</field>'))
  const salesforce = open()
  salesforce.person.create('Contact', { LastName: 'X', Clerk_Status__c: 'active' })
  await expect(salesforce.query('SELECT Clerk_Status__c FROM Contact')).rejects.toThrow('No such column')
  const { body } = await salesforce.call('GET', '/sobjects/Contact/describe')
  const names = (body as unknown as { fields: { name: string }[] }).fields.map((field) => field.name)
  expect(names).toContain('Title')
  expect(names).not.toContain('Clerk_Status__c')
})

test('a field that may only be read is refused in a save', async () => {
  edit(setFile, withField('Contact.Title', false))
  const answer = await open().call('POST', '/sobjects/Contact', { LastName: 'X', Title: 'CEO' })
  expect(answer.body).toMatchObject([{ errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE', fields: ['Title'] }])
})

test.each([
  ['a required field', withField('Contact.LastName', true), 'You cannot deploy to a required field: Contact.LastName'],
  ['a field that nobody has', withField('Contact.Nope__c', true), 'no CustomField named Contact.Nope__c found'],
  [
    'rights on relationships',
    (text: string) => text.replace('<object>Contact</object>', '<object>AccountContactRelation</object>'),
    'Object permissions cannot be given for AccountContactRelation',
  ],
])('a permission set with %s does not load, as it would not deploy', (_, change, message) => {
  edit(setFile, change)
  expect(open).toThrow(message)
})
