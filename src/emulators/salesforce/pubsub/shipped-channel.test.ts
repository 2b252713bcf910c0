import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openPubSub } from './client.test-support.ts'

const sfdx = fileURLToPath(new URL('../../../../sfdx', import.meta.url))
const topicName = '/data/Clerk_Sync__chn'

test('the channel that the package ships carries every object and every shipped field to a user with its permission set', async () => {
  // Nothing is selected in Setup: what comes, comes because of the project.
  const client = await openPubSub({ sfdx, changeDataCapture: [] })
  onTestFinished(client.close)
  expect(await client.topic(topicName)).toMatchObject({ topicName, canSubscribe: true })
  const stream = client.subscribe({ topicName, replayPreset: 1 })
  const { person } = client.emulator
  const account = person.create('Account', { Name: 'Acme', Provision_Clerk_Org__c: true })
  const contact = person.create('Contact', { LastName: 'Ng', AccountId: account, Invite_To_Clerk__c: true })
  await stream.until(({ events }) => events.length === 3)
  const [first, second, third] = await Promise.all(stream.events.map(client.decode))
  expect(first).toMatchObject({ ChangeEventHeader: { recordIds: [account] }, Provision_Clerk_Org__c: true })
  expect(second).toMatchObject({ ChangeEventHeader: { recordIds: [contact] }, Invite_To_Clerk__c: true })
  expect(third).toMatchObject({ ContactId: contact, AccountId: account })
  stream.cancel()
})
