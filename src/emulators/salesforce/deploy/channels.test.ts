import { beforeEach, expect, test } from 'vitest'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import { channelsOf } from '../metadata/model.ts'
import { deploy, manifest, problems, xml } from './package.test-support.ts'

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
    "The selected entity GhostChangeEvent isn't available for change events",
  ],
  [
    'a channel that nobody has',
    member('Ghost__chn', 'ContactChangeEvent'),
    'In field: eventChannel - no PlatformEventChannel named Ghost__chn found',
  ],
  [
    'an enriched field that nobody has',
    member('ChangeEvents', 'ContactChangeEvent', '<enrichedFields><name>Ghost__c</name></enrichedFields>'),
    'In field: name - no CustomField named Contact.Ghost__c found',
  ],
  [
    'a filter that names no field',
    member('ChangeEvents', 'ContactChangeEvent', "<filterExpression>Ghost__c = 'x'</filterExpression>"),
    'The filter expression is invalid: Contact has no field Ghost__c',
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
  salesforce = openSalesforce({ maxCaptured: 1 })
  expect(problems(await deployMember('One', member('ChangeEvents', 'ContactChangeEvent')))).toEqual([])
  expect(problems(await deployMember('Two', member('ChangeEvents', 'AccountChangeEvent')))).toHaveLength(1)
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
