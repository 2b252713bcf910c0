import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import { channelsOf } from '../metadata/model.ts'
import { deploy, field, manifest, problems, xml } from './package.test-support.ts'

let salesforce: TestClient
beforeEach(() => {
  salesforce = openSalesforce()
})

const member = (channel: string, entity: string, more = '') =>
  xml(
    'PlatformEventChannelMember',
    `<eventChannel>${channel}</eventChannel>${more}<selectedEntity>${entity}</selectedEntity>`,
  )
const sync = {
  'package.xml': manifest({
    PlatformEventChannel: ['Sync__chn'],
    PlatformEventChannelMember: ['Sync_chn_ContactChangeEvent', 'ChangeEvents_AccountChangeEvent'],
  }),
  'platformEventChannels/Sync__chn.platformEventChannel': xml(
    'PlatformEventChannel',
    '<channelType>data</channelType><label>Sync</label>',
  ),
  'platformEventChannelMembers/Sync_chn_ContactChangeEvent.platformEventChannelMember': member(
    'Sync__chn',
    'ContactChangeEvent',
    '<enrichedFields><name>Clerk_User_Id__c</name></enrichedFields><filterExpression>Email != null</filterExpression>',
  ),
  'platformEventChannelMembers/ChangeEvents_AccountChangeEvent.platformEventChannelMember': member(
    'ChangeEvents',
    'AccountChangeEvent',
  ),
}
const deployMember = (name: string, source: string) =>
  deploy(salesforce, {
    'package.xml': manifest({ PlatformEventChannelMember: [name] }),
    [`platformEventChannelMembers/${name}.platformEventChannelMember`]: source,
  })

test('every org has the standard channel, and deployed ones beside it', async () => {
  expect(problems(await deploy(salesforce, sync))).toEqual([])
  const { metadata } = salesforce.snapshot().parts as { metadata: Parameters<typeof channelsOf>[0] }
  expect(channelsOf(metadata)).toMatchObject([
    { name: 'ChangeEvents', type: 'data', members: [{ entity: 'AccountChangeEvent', enrichedFields: [] }] },
    { name: 'Clerk_Sync__chn' },
    {
      name: 'Sync__chn',
      label: 'Sync',
      type: 'data',
      members: [
        { entity: 'ContactChangeEvent', enrichedFields: ['Clerk_User_Id__c'], filterExpression: 'Email != null' },
      ],
    },
  ])
})

test.each([
  [
    'an entity that nobody has',
    member('ChangeEvents', 'GhostChangeEvent'),
    'The PlatformEventChannelMember can\'t be created because it references an invalid event in the "selectedEntity" field.',
  ],
  [
    'an object in place of its event',
    member('ChangeEvents', 'Contact'),
    'The PlatformEventChannelMember can\'t be created because it references an invalid event in the "selectedEntity" field.',
  ],
  [
    'an event that is not emulated',
    member('ChangeEvents', 'UserChangeEvent'),
    'UserChangeEvent: not supported by the emulator',
  ],
  ['a channel that nobody has', member('Ghost__chn', 'ContactChangeEvent'), 'Unable to find the specified channel'],
  [
    'the path of a topic in place of a channel',
    member('/data/ChangeEvents', 'ContactChangeEvent'),
    'Unable to find the specified channel',
  ],
  [
    'an enriched field that nobody has',
    member('ChangeEvents', 'ContactChangeEvent', '<enrichedFields><name>Ghost__c</name></enrichedFields>'),
    "The selected field, Ghost__c, isn't valid.",
  ],
  [
    'an enriched part of a compound field',
    member('ChangeEvents', 'ContactChangeEvent', '<enrichedFields><name>LastName</name></enrichedFields>'),
    "The selected field, LastName, isn't valid.",
  ],
  [
    'an enriched field of another record',
    member('ChangeEvents', 'ContactChangeEvent', '<enrichedFields><name>Account.Name</name></enrichedFields>'),
    "The selected field, Account.Name, isn't valid.",
  ],
  [
    'an enriched field that events leave out',
    member('ChangeEvents', 'ContactChangeEvent', '<enrichedFields><name>SystemModstamp</name></enrichedFields>'),
    "The selected field, SystemModstamp, isn't valid.",
  ],
  [
    'an enriched long text',
    member('ChangeEvents', 'ContactChangeEvent', '<enrichedFields><name>Description</name></enrichedFields>'),
    "The selected field, Description, isn't valid.",
  ],
  [
    'an enriched field of several values',
    member('ChangeEvents', 'AccountContactRelationChangeEvent', '<enrichedFields><name>Roles</name></enrichedFields>'),
    "The selected field, Roles, isn't valid.",
  ],
  [
    'a filter that names no field',
    member('ChangeEvents', 'ContactChangeEvent', "<filterExpression>Ghost__c = 'x'</filterExpression>"),
    'The Ghost__c field in the filter expression is invalid.',
  ],
])('a member with %s is refused', async (_, source, problem) => {
  expect(problems(await deployMember('Member', source))).toEqual([problem])
})

test('an entity is selected once on a channel, and what it selects cannot change', async () => {
  await deploy(salesforce, sync)
  expect(problems(await deployMember('Other', member('Sync__chn', 'ContactChangeEvent')))).toHaveLength(1)
  const changed = member('ChangeEvents', 'ContactChangeEvent')
  expect(problems(await deployMember('Sync_chn_ContactChangeEvent', changed))).toEqual([
    'The fields eventChannel and selectedEntity cannot be changed',
  ])
})

test('no more entities are selected than the org may capture', async () => {
  salesforce = openSalesforce({ sfdx: false, maxCaptured: 1 })
  expect(problems(await deployMember('One', member('ChangeEvents', 'ContactChangeEvent')))).toEqual([])
  expect(problems(await deployMember('Two', member('ChangeEvents', 'AccountChangeEvent')))).toHaveLength(1)
})

test('a member has up to ten enriched fields, of which a compound one counts as one', async () => {
  const enriched = (names: string[]) => names.map((name) => `<enrichedFields><name>${name}</name></enrichedFields>`)
  const ten = [
    'Name',
    'MailingAddress',
    'Phone',
    'Fax',
    'Email',
    'Title',
    'OwnerId',
    'AccountId',
    'LeadSource',
    'DoNotCall',
  ]
  const one = member('ChangeEvents', 'ContactChangeEvent', enriched(ten).join(''))
  expect(problems(await deployMember('One', one))).toEqual([])
  const more = member('ChangeEvents', 'ContactChangeEvent', enriched([...ten, 'Clerk_User_Id__c']).join(''))
  expect(problems(await deployMember('One', more))).toEqual(['A channel member can have up to 10 enriched fields'])
})

test('two underscores in the name of a member are a namespace, and refused', async () => {
  const refused = await deployMember('Sync__chn_ContactChangeEvent', member('ChangeEvents', 'ContactChangeEvent'))
  expect(problems(refused)).toEqual([
    'Cannot create a new component with the namespace: Sync.  Only components in the same namespace as the organization can be created through the API',
  ])
})

test('a field that a filter names is neither removed nor given another type', async () => {
  const filter = "<filterExpression>clerk_user_id__c != null AND Title = 'Clerk_Status__c'</filterExpression>"
  await deployMember('One', member('ChangeEvents', 'ContactChangeEvent', filter))
  const remove = (name: string) =>
    deploy(salesforce, { 'package.xml': manifest({}), 'destructiveChanges.xml': manifest({ CustomField: [name] }) })
  expect(problems(await remove('Contact.Clerk_User_Id__c'))).toHaveLength(1)
  expect(problems(await remove('Contact.Clerk_Status__c'))).toEqual([])
  const asEmail = await deploy(salesforce, {
    'package.xml': manifest({ CustomField: ['Contact.Clerk_User_Id__c'] }),
    'objects/Contact.object': xml('CustomObject', field('Clerk_User_Id__c', 'Email')),
  })
  expect(problems(asEmail)).toEqual(['Cannot change the type of a field that a filter expression references: One'])
})

test('what others build on is not removed', async () => {
  await deploy(salesforce, sync)
  const remove = (type: string, name: string) =>
    deploy(salesforce, { 'package.xml': manifest({}), 'destructiveChanges.xml': manifest({ [type]: [name] }) })
  expect(problems(await remove('PlatformEventChannel', 'Sync__chn'))).toHaveLength(1)
  expect(problems(await remove('CustomField', 'Contact.Clerk_User_Id__c'))).toHaveLength(1)
  expect(problems(await remove('PlatformEventChannelMember', 'Sync_chn_ContactChangeEvent'))).toEqual([])
  expect(problems(await remove('PlatformEventChannel', 'Sync__chn'))).toEqual([])
})

test('enrichment takes compound fields, and fields of custom objects', async () => {
  const more =
    '<enrichedFields><name>MailingAddress</name></enrichedFields><enrichedFields><name>Name</name></enrichedFields>'
  salesforce = openSalesforce({
    sfdx: false,
    objects: [{ name: 'Visit__c', fields: [{ name: 'Day__c', type: 'date' }] }],
  })
  expect(problems(await deployMember('One', member('ChangeEvents', 'ContactChangeEvent', more)))).toEqual([])
  const day =
    '<enrichedFields><name>Day__c</name></enrichedFields><enrichedFields><name>OwnerId</name></enrichedFields>'
  expect(problems(await deployMember('Two', member('ChangeEvents', 'Visit__ChangeEvent', day)))).toEqual([])
})
