import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import { deploy, field, grant, manifest, problems, xml } from './package.test-support.ts'

let salesforce: TestClient
beforeEach(() => {
  salesforce = openSalesforce()
})

const deployField = (type: string, more = '', name = 'New__c') =>
  deploy(salesforce, {
    'package.xml': manifest({ CustomField: [`Contact.${name}`] }),
    'objects/Contact.object': xml('CustomObject', field(name, type, more)),
  })
const values = (...names: string[]) =>
  `<valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>${names.map((name) => `<value><fullName>${name}</fullName><default>false</default><label>${name}</label></value>`).join('')}</valueSetDefinition></valueSet>`
const digits = '<precision>8</precision><scale>2</scale>'

test.each([
  ['Text', '<length>80</length>'],
  ['Text', '<length>80</length><externalId>true</externalId><unique>true</unique><caseSensitive>true</caseSensitive>'],
  ['TextArea', ''],
  ['LongTextArea', '<length>5000</length><visibleLines>3</visibleLines>'],
  ['Html', '<length>5000</length><visibleLines>25</visibleLines>'],
  ['Email', '<externalId>true</externalId><unique>true</unique>'],
  ['Phone', ''],
  ['Url', '<externalId>false</externalId>'],
  ['Checkbox', '<defaultValue>true</defaultValue>'],
  ['Date', ''],
  ['DateTime', ''],
  ['Time', ''],
  ['Number', digits],
  ['Currency', digits],
  ['Percent', digits],
  ['Picklist', values('a', 'b')],
  ['MultiselectPicklist', `${values('a', 'b')}<visibleLines>4</visibleLines>`],
  ['Lookup', '<referenceTo>Account</referenceTo><relationshipName>News</relationshipName>'],
  ['AutoNumber', '<displayFormat>N-{0000}</displayFormat>'],
])('a field of type %s with %s is deployed', async (type, more) => {
  expect(problems(await deployField(type, more))).toEqual([])
})

test.each([
  ['Text', '', "Must specify 'length' for a CustomField of type Text"],
  ['Text', '<length>256</length>', 'Text length must be between 1 and 255'],
  ['TextArea', '<length>255</length>', "Can not specify 'length' for a CustomField of type TextArea"],
  ['Checkbox', '', "Must specify 'defaultValue' for a CustomField of type Checkbox"],
  ['Date', '<unique>true</unique>', "Can not specify 'unique' for a CustomField of type Date"],
  [
    'LongTextArea',
    '<length>300</length><visibleLines>3</visibleLines><required>true</required>',
    "Can not specify 'required' for a CustomField of type LongTextArea",
  ],
  [
    'MasterDetail',
    '<referenceTo>Account</referenceTo><relationshipName>N</relationshipName><deleteConstraint>Cascade</deleteConstraint>',
    "Can not specify 'deleteConstraint' for a CustomField of type MasterDetail",
  ],
  [
    'Lookup',
    '<referenceTo>Nothing__c</referenceTo>',
    "referenceTo value of 'Nothing__c' does not resolve to a valid sObject type",
  ],
  [
    'Lookup',
    '<referenceTo>Account</referenceTo><required>true</required>',
    'must specify either cascade delete or restrict delete for required lookup field',
  ],
  ['Picklist', values('a', 'A'), 'Duplicate label: A'],
  ['Location', '<scale>5</scale>', 'Location fields: not supported by the emulator'],
  ['Number', `${digits}<formula>1 + 1</formula>`, 'Formula fields: not supported by the emulator'],
  ['Wish', '', "'Wish' is not a valid value for the enum 'FieldType'"],
  [
    'Number',
    '<precision>19</precision><scale>2</scale>',
    'Precision must be 1 to 18, and scale no more than the precision',
  ],
  ['Text', '<length>ten</length>', "'ten' is not a valid value for the type xsd:int"],
])('a field of type %s with %s is refused: %s', async (type, more, problem) => {
  expect(problems(await deployField(type, more))).toEqual([problem])
})

test.each([
  ['New', "Could not resolve standard field's name."],
  ['Two__Lines__c', expect.stringContaining('not contain two consecutive underscores')],
])('a field named %s is refused', async (name, problem) => {
  expect(problems(await deployField('Date', '', name))).toEqual([problem])
})

test('a field without a label, or with too long a one, is refused', async () => {
  const labelled = async (label: string) =>
    problems(
      await deploy(salesforce, {
        'package.xml': manifest({ CustomField: ['Contact.New__c'] }),
        'objects/Contact.object': xml(
          'CustomObject',
          `<fields><fullName>New__c</fullName><label>${label}</label><type>Date</type></fields>`,
        ),
      }),
    )
  expect(await labelled('')).toEqual(['Must specify a non-empty label for the CustomField'])
  expect(await labelled('x'.repeat(41))).toEqual(['Value too long for field: MasterLabel maximum length is:40'])
})

test('the type of a field may change while no data is lost, and a relationship never', async () => {
  await deployField('Text', '<length>20</length>')
  expect(problems(await deployField('Lookup', '<referenceTo>Account</referenceTo>'))).toEqual([
    'Cannot update a field to a Lookup, MasterDetail, or Hierarchy from something else',
  ])
  salesforce.person.create('Contact', { LastName: 'X', New__c: 'same' })
  expect(problems(await deployField('Number', digits))).toEqual(['Cannot change type due to existing data'])
  expect(problems(await deployField('Text', '<length>3</length>'))).toHaveLength(1)
  salesforce.person.create('Contact', { LastName: 'Y', New__c: 'SAME' })
  const key = '<length>20</length><externalId>true</externalId><unique>true</unique>'
  expect(problems(await deployField('Text', key))).toHaveLength(1)
  expect(problems(await deployField('Text', `${key}<caseSensitive>true</caseSensitive>`))).toEqual([])
  expect(problems(await deployField('TextArea'))).toEqual([])
})

test.each([
  [
    'a field that is not there',
    grant('Set', 'Contact', ['Nope__c'], false),
    'In field: field - no CustomField named Contact.Nope__c found',
  ],
  [
    'a required field',
    grant('Set', 'Contact', ['LastName'], false),
    'You cannot deploy to a required field: Contact.LastName',
  ],
  ['an object that is not there', grant('Set', 'Nope__c', []), 'In field: field - no CustomObject named Nope__c found'],
  ['no label', xml('PermissionSet', '<license>x</license>'), 'Required field is missing: label'],
  [
    'a right that wants another',
    xml(
      'PermissionSet',
      '<label>Set</label><objectPermissions><allowCreate>true</allowCreate><allowRead>false</allowRead><object>Account</object></objectPermissions>',
    ),
    'Permission Create Account depends on permission(s): Read Account',
  ],
  [
    'an edit without a read',
    xml(
      'PermissionSet',
      '<label>Set</label><fieldPermissions><editable>true</editable><field>Contact.Title</field><readable>false</readable></fieldPermissions>',
    ),
    'Permission Edit Contact.Title depends on permission(s): Read Contact.Title',
  ],
])('a permission set with %s is refused', async (_, source, problem) => {
  const files = { 'package.xml': manifest({ PermissionSet: ['Set'] }), 'permissionsets/Set.permissionset': source }
  expect(problems(await deploy(salesforce, files))).toEqual([problem])
})

test('fields of a relationship object cannot be deployed where the org does not have it', async () => {
  salesforce = openSalesforce({ contactsToMultipleAccounts: false })
  const files = {
    'package.xml': manifest({ CustomField: ['AccountContactRelation.New__c'] }),
    'objects/AccountContactRelation.object': xml('CustomObject', field('New__c', 'Date')),
  }
  expect(problems(await deploy(salesforce, files))).toEqual([
    "Entity of type 'CustomObject' named 'AccountContactRelation' cannot be found",
  ])
})
