import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import { deploy, field, grant, manifest, problems, xml } from './package.test-support.ts'

let salesforce: TestClient
beforeEach(() => {
  salesforce = openSalesforce({ assignDeployed: true })
})

const object = (label: string, nameField: string, more = '') =>
  xml(
    'CustomObject',
    `<label>${label}</label><pluralLabel>${label}s</pluralLabel><nameField>${nameField}</nameField><deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>${more}`,
  )
const numbered = '<label>Visit Number</label><type>AutoNumber</type><displayFormat>V-{0000}</displayFormat>'
const visit = {
  'package.xml': manifest({ CustomObject: ['Visit__c'], PermissionSet: ['Visits'] }),
  'objects/Visit__c.object': object(
    'Visit',
    numbered,
    `${field('Account__c', 'MasterDetail', '<referenceTo>Account</referenceTo><relationshipName>Visits</relationshipName>')}
     ${field('Contact__c', 'Lookup', '<referenceTo>Contact</referenceTo><relationshipName>Visits</relationshipName>')}
     ${field('Key__c', 'Text', '<length>20</length><externalId>true</externalId><unique>true</unique>')}
     ${field('Minutes__c', 'Number', '<precision>4</precision><scale>0</scale>')}`,
  ),
  'permissionsets/Visits.permissionset': grant('Visits', 'Visit__c', ['Contact__c', 'Key__c', 'Minutes__c']),
}

test('a deployed object is described, saved, found, and numbered by itself', async () => {
  expect(problems(await deploy(salesforce, visit))).toEqual([])
  const { Account } = salesforce.seed({ Account: [{ Name: 'Acme', Clerk_Org_Id__c: 'org_1' }] })
  const contact = salesforce.person.create('Contact', { LastName: 'Ng' })
  const made = await salesforce.call('PATCH', '/sobjects/Visit__c/Key__c/v1', {
    Account__r: { Clerk_Org_Id__c: 'org_1' },
    Contact__c: contact,
    Minutes__c: 45,
  })
  expect(made).toMatchObject({ status: 201, body: { id: expect.stringMatching(/^a00/), created: true } })
  expect(
    await salesforce.query(
      "SELECT Name, Account__r.Name, Contact__r.LastName, Minutes__c FROM Visit__c WHERE Key__c = 'V1'",
    ),
  ).toMatchObject([{ Name: 'V-0001', Account__r: { Name: 'Acme' }, Contact__r: { LastName: 'Ng' }, Minutes__c: 45 }])
  expect(await salesforce.query('SELECT Name, (SELECT Name FROM Visits__r) FROM Account')).toMatchObject([
    { Name: 'Acme', Visits__r: { records: [{ Name: 'V-0001' }] } },
  ])
  const { body } = await salesforce.call('GET', '/sobjects/Visit__c/describe')
  expect(body).toMatchObject({
    name: 'Visit__c',
    custom: true,
    keyPrefix: 'a00',
    labelPlural: 'Visits',
    createable: true,
  })
  salesforce.person.remove('Account', Account[0] ?? '')
  expect(await salesforce.query('SELECT Id FROM Visit__c')).toEqual([])
})

test('an object without rights does not exist for the user', async () => {
  salesforce = openSalesforce()
  await deploy(salesforce, visit)
  expect((await salesforce.call('GET', '/sobjects/Visit__c/describe')).status).toBe(404)
  await expect(salesforce.query('SELECT Id FROM Visit__c')).rejects.toThrow('not supported')
})

test('an object that is removed takes its records along, and one that others point to stays', async () => {
  await deploy(salesforce, visit)
  const [account] = salesforce.seed({ Account: [{ Name: 'Acme' }] }).Account
  await salesforce.call('POST', '/sobjects/Visit__c', { Account__c: account })
  const note = {
    'package.xml': manifest({ CustomObject: ['Note__c'] }),
    'objects/Note__c.object': object(
      'Note',
      '<label>Title</label><type>Text</type>',
      field('Visit__c', 'Lookup', '<referenceTo>Visit__c</referenceTo>'),
    ),
  }
  const remove = (...names: string[]) =>
    deploy(salesforce, { 'package.xml': manifest({}), 'destructiveChanges.xml': manifest({ CustomObject: names }) })
  await deploy(salesforce, note)
  expect(problems(await remove('Visit__c'))).toEqual([
    'This custom object is referenced elsewhere in salesforce.com : Note__c.Visit__c.',
  ])
  expect(problems(await remove('Note__c', 'Visit__c'))).toEqual([])
  await deploy(salesforce, visit)
  const { body } = await salesforce.call('GET', '/sobjects/Visit__c/describe')
  expect(body).toMatchObject({ keyPrefix: 'a02' })
  expect(await salesforce.query('SELECT Id FROM Visit__c')).toEqual([])
})

test.each([
  [
    'Visit__c',
    xml('CustomObject', '<pluralLabel>Visits</pluralLabel>'),
    'Must specify a non-empty label for the CustomObject',
  ],
  ['Visit', object('Visit', numbered), 'Invalid fullName, must end in a custom suffix ( for ex. __c )'],
  [
    'Visit__c',
    xml('CustomObject', '<label>Visit</label><pluralLabel>Visits</pluralLabel>'),
    'Must specify a nameField of type Text or AutoNumber',
  ],
])('%s is refused: %#', async (name, source, problem) => {
  const files = { 'package.xml': manifest({ CustomObject: [name] }), [`objects/${name}.object`]: source }
  expect(problems(await deploy(salesforce, files))).toEqual([problem])
})

test('objects by option are open to the user, and a deploy can build on them', async () => {
  salesforce = openSalesforce({
    assignDeployed: true,
    objects: [
      {
        name: 'Visit__c',
        fields: [
          { name: 'Key__c', type: 'string', length: 20, unique: true, externalId: true },
          { name: 'Contact__c', type: 'reference', referenceTo: 'Contact', childRelationshipName: 'Visits__r' },
        ],
      },
    ],
  })
  const contact = salesforce.person.create('Contact', { LastName: 'Ng' })
  const made = await salesforce.call('POST', '/sobjects/Visit__c', { Key__c: 'v1', Contact__c: contact })
  expect(made.status).toBe(201)
  expect(await salesforce.query('SELECT Name, Key__c, Contact__r.LastName, OwnerId FROM Visit__c')).toMatchObject([
    { Key__c: 'v1', Contact__r: { LastName: 'Ng' }, OwnerId: salesforce.userId },
  ])
  const more = {
    'package.xml': manifest({ CustomField: ['Visit__c.Day__c'], PermissionSet: ['Days'] }),
    'objects/Visit__c.object': xml('CustomObject', field('Day__c', 'Date')),
    'permissionsets/Days.permissionset': grant('Days', 'Visit__c', ['Day__c'], false),
  }
  expect(problems(await deploy(salesforce, more))).toEqual([])
  expect(await salesforce.query('SELECT Day__c FROM Visit__c')).toEqual([{ Day__c: null }])
})

test('a custom object whose name is text is called by its id until it has one', async () => {
  salesforce = openSalesforce({ objects: [{ name: 'Visit__c' }] })
  const { body } = await salesforce.call('POST', '/sobjects/Visit__c', {})
  const { id } = body as { id: string }
  expect(await salesforce.query('SELECT Name FROM Visit__c')).toEqual([{ Name: id }])
})

test('a deploy takes over a field by option, and closes it as any that was deployed', async () => {
  salesforce = openSalesforce({ customFields: [{ object: 'Contact', name: 'Day__c', type: 'date' }] })
  expect(await salesforce.query('SELECT Day__c FROM Contact')).toEqual([])
  const files = {
    'package.xml': manifest({ CustomField: ['Contact.Day__c'] }),
    'objects/Contact.object': xml('CustomObject', field('Day__c', 'Date')),
  }
  expect(problems(await deploy(salesforce, files))).toEqual([])
  await expect(salesforce.query('SELECT Day__c FROM Contact')).rejects.toThrow('No such column')
})
