import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type SalesforceEmulatorOptions, startSalesforceEmulator } from '../../emulators/salesforce/index.ts'
import { createSalesforceClient } from '../../salesforce/client.ts'
import type { MappingConfig } from '../plan/mapping.ts'
import { type Checked, checkMapping } from './check-mapping.ts'

/** What the check says about an org. */
const check = async (config: MappingConfig = {}, options: SalesforceEmulatorOptions = {}): Promise<Checked> => {
  const org = await startSalesforceEmulator(options)
  const { clientId, clientSecret } = org
  const auth = { kind: 'client-credentials', clientId, clientSecret } as const
  const client = createSalesforceClient({ loginUrl: org.url, auth, now: Date.now })
  onTestFinished(async () => {
    await client.close()
    await org.close()
  })
  return checkMapping(client, config)
}

const shipped = fileURLToPath(new URL('../../../sfdx', import.meta.url))
const setFile = 'force-app/main/default/permissionsets/Clerk_Sync.permissionset-meta.xml'

/** The shipped project with some files changed. */
const projectWith = (changes: Readonly<Record<string, (text: string) => string>>): { sfdx: string } => {
  const sfdx = mkdtempSync(join(tmpdir(), 'sfdx-'))
  onTestFinished(() => rmSync(sfdx, { recursive: true }))
  cpSync(shipped, sfdx, { recursive: true })
  for (const [file, change] of Object.entries(changes)) {
    const path = join(sfdx, file)
    writeFileSync(path, change(readFileSync(path, 'utf8')))
  }
  return { sfdx }
}
const without = (...fields: string[]): { sfdx: string } =>
  projectWith({
    [setFile]: (text) =>
      fields.reduce(
        (rest, field) =>
          rest.replace(
            new RegExp(`<fieldPermissions>\\s*<editable>\\w+</editable>\\s*<field>${field}<[^]*?</fieldPermissions>`),
            '',
          ),
        text,
      ),
  })

test('an org with all that is shipped has both features, and nothing to be said', async () => {
  const { rules, problems, notices } = await check()
  expect([problems, notices]).toEqual([[], []])
  expect(rules).toMatchObject({ provision: { when: { kind: 'boolean' } }, invite: { when: { kind: 'boolean' } } })
})

test('without the checkbox of an Account there is no provisioning, a notice says so, and everything else goes on', async () => {
  const { rules, problems, notices } = await check({}, without('Account.Provision_Clerk_Org__c'))
  expect(problems).toEqual([])
  expect(notices).toEqual([
    expect.stringMatching(/^Account\.Provision_Clerk_Org__c is missing, or not visible .*provision: false/),
  ])
  expect(rules.provision).toBeUndefined()
  expect(rules.invite).toBeDefined()
})

test.each([
  [['Contact.Invite_To_Clerk__c'], /^Contact\.Invite_To_Clerk__c is missing/],
  [
    ['Contact.Clerk_Invitation_Id__c', 'Contact.Clerk_Invitation_Status__c'],
    /^Contact\.Clerk_Invitation_Id__c, Contact\.Clerk_Invitation_Status__c are missing/,
  ],
])('without %j nobody is invited, and a notice says so', async (fields, message) => {
  const { rules, problems, notices } = await check({}, without(...fields))
  expect(problems).toEqual([])
  expect(notices).toEqual([expect.stringMatching(message)])
  expect(rules.invite).toBeUndefined()
  expect(rules.provision).toBeDefined()
})

test('features that are switched off need no fields', async () => {
  const org = without('Account.Provision_Clerk_Org__c', 'Contact.Invite_To_Clerk__c')
  const { problems, notices } = await check({ provision: false, invite: false }, org)
  expect([problems, notices]).toEqual([[], []])
})

const customFields: NonNullable<SalesforceEmulatorOptions['customFields']> = [
  {
    object: 'Account',
    name: 'Stage__c',
    type: 'picklist',
    picklist: ['Customer', 'Prospect'],
    restricted: true,
  },
  { object: 'Account', name: 'Score__c', type: 'double' },
  { object: 'Account', name: 'Ready__c', type: 'boolean' },
  { object: 'Account', name: 'Short_Name__c', type: 'string', length: 40 },
]
const provisionWhen = (when: string, equals?: string | number | boolean): MappingConfig => ({
  provision: { when: equals === undefined ? when : { field: when, equals } },
})

test.each([
  [provisionWhen('Ready__c'), 'boolean', true],
  [provisionWhen('Ready__c', false), 'boolean', false],
  [provisionWhen('Stage__c', ' Customer'), 'text', 'Customer'],
  [provisionWhen('Score__c', 3), 'number', 3],
])('the condition %j is compared in the way of the field', async (config, kind, equals) => {
  const { rules, problems } = await check(config, { customFields })
  expect(problems).toEqual([])
  expect(rules.provision?.when).toMatchObject({ kind, equals })
})

test.each([
  [provisionWhen('Stage__c'), /^Account\.Stage__c is not a checkbox: say which value/],
  [
    provisionWhen('Stage__c', 'Customre'),
    /^Account\.Stage__c can never equal "Customre", which is none of its picklist values/,
  ],
  [provisionWhen('Ready__c', 'yes'), /^Account\.Ready__c is a field of type boolean and can never equal "yes"/],
  [provisionWhen('Score__c', 'high'), /^Account\.Score__c is a field of type double and can never equal "high"/],
  [provisionWhen('Score__c', true), /^Account\.Score__c is a field of type double and can never equal true/],
  [{ provision: { slug: 'Shrt_Name__c' } }, /^Account\.Shrt_Name__c is missing/],
])('%j can never work, which is a problem', async (config, message) => {
  const { problems } = await check(config, { customFields })
  expect(problems).toEqual([expect.stringMatching(message)])
})

test('a configured field that is not there is a notice, as a default one is', async () => {
  const { rules, problems, notices } = await check(provisionWhen('Stage__c', 'Customer'))
  expect(problems).toEqual([])
  expect(notices).toEqual([expect.stringMatching(/^Account\.Stage__c is missing.*a permission set of yours/)])
  expect(rules.provision).toBeUndefined()
})

const fieldFile = (name: string) => `force-app/main/default/objects/Contact/fields/${name}.field-meta.xml`

test('an invitation is found by a key like any other, and its state is one of the picklist', async () => {
  const org = projectWith({
    [fieldFile('Clerk_Invitation_Id__c')]: (text) => text.replace('<caseSensitive>true', '<caseSensitive>false'),
    [fieldFile('Clerk_Invitation_Status__c')]: (text) => text.replaceAll('>expired<', '>lapsed<'),
    [setFile]: (text) =>
      text.replace(/<editable>true(<\/editable>\s*<field>Contact.Clerk_Invitation_Status__c)/, '<editable>false$1'),
  })
  const { problems } = await check({}, org)
  expect(problems).toEqual([
    expect.stringMatching(/^Contact\.Clerk_Invitation_Status__c is not writable/),
    expect.stringMatching(/^Contact\.Clerk_Invitation_Id__c must be case-sensitive/),
    expect.stringMatching(/^Contact\.Clerk_Invitation_Status__c lacks the picklist values expired/),
  ])
})

const readOnly = (rule: 'salesforce' | 'newest' | 'park' | 'fill-blank'): MappingConfig => ({
  organization: { fields: { Website: { from: 'public_metadata.website', rule } } },
})

test("a field that may only be read can be Salesforce's own, and its value goes to Clerk", async () => {
  const { rules, problems, notices } = await check(readOnly('salesforce'))
  expect([problems, notices]).toEqual([[], []])
  expect(rules.organization.fields.find(({ field }) => field === 'Website')?.to).toBe('public_metadata.website')
})

test.each(['newest', 'park', 'fill-blank'] as const)('under the rule %s a field must be writable', async (rule) => {
  const { problems } = await check(readOnly(rule))
  expect(problems).toEqual([expect.stringMatching(/^Account\.Website is not writable for the integration user/)])
})

test('a field whose value has no place in Clerk is told of, unless it is only filled once', async () => {
  const fields: NonNullable<NonNullable<MappingConfig['person']>['fields']> = {
    Phone: { from: 'primary_phone_number_id', rule: 'newest' },
    Email: { from: () => 'someone@example.com', rule: 'fill-blank' },
  }
  const { problems, notices } = await check({ person: { fields } })
  expect(problems).toEqual([])
  expect(notices).toEqual([expect.stringMatching(/^Contact\.Phone has the rule newest, but no place in Clerk/)])
})
