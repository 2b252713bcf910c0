import { afterEach, expect, test } from 'vitest'
import { type Decoded, failureOf, openPubSub, type PubSubClient, type Stream } from './client.test-support.ts'
import { type ProjectOptions, writeProject } from './project.test-support.ts'

let cleanUp: (() => unknown)[] = []

afterEach(async () => {
  for (const each of cleanUp) await each()
  cleanUp = []
})

const open = async (project: ProjectOptions, changeDataCapture: string[] = []): Promise<PubSubClient> => {
  const { folder, remove } = writeProject(project)
  const client = await openPubSub({ sfdx: folder, changeDataCapture })
  cleanUp.push(client.close, remove)
  return client
}

const topicName = '/data/Sync__chn'

const decoded = async (client: PubSubClient, stream: Stream, count: number): Promise<Decoded[]> => {
  await stream.until(({ events }) => events.length >= count)
  return Promise.all(stream.events.map(client.decode))
}

test('a custom channel carries its members and nothing else', async () => {
  const client = await open({ members: [{ entity: 'ContactChangeEvent' }] }, ['Account'])
  const stream = client.subscribe({ topicName, replayPreset: 1 })
  const standard = client.subscribe({ topicName: '/data/ChangeEvents', replayPreset: 1 })
  client.emulator.person.create('Account', { Name: 'A' })
  client.emulator.person.create('Contact', { LastName: 'X' })
  expect(await decoded(client, stream, 1)).toMatchObject([{ ChangeEventHeader: { entityName: 'Contact' } }])
  expect(await decoded(client, standard, 1)).toMatchObject([{ ChangeEventHeader: { entityName: 'Account' } }])
  expect(await client.topic(topicName)).toMatchObject({ canSubscribe: true, schemaId: '' })
})

test('the topic of an object carries all its events once it is selected on any channel, past filters and enrichment', async () => {
  const client = await open({
    members: [{ entity: 'ContactChangeEvent', enriched: ['Email'], filter: "Title = 'keep'" }],
    readable: ['Contact.Email', 'Contact.Title', 'Contact.Phone'],
  })
  const { person } = client.emulator
  const single = client.subscribe({ topicName: '/data/ContactChangeEvent', replayPreset: 1 })
  const id = person.create('Contact', { LastName: 'X', Email: 'x@example.com' })
  person.edit('Contact', id, { Phone: '1' })
  const events = await decoded(client, single, 2)
  expect(events).toMatchObject([{ Email: 'x@example.com' }, { Phone: '1', Email: null, Title: null }])
  expect(client.emulator.events.list().map(({ on }) => on)).toEqual([[], []])
})

test('the topic of an object that nobody selected is not there', async () => {
  const client = await open({ members: [{ entity: 'ContactChangeEvent' }] })
  const failure = failureOf(await client.subscribe({ topicName: '/data/AccountChangeEvent' }).ended)
  expect(failure).toMatchObject({ code: 5, errorCode: 'topic.not.found' })
  expect(failure.details).toContain(
    'and topic /data/AccountChangeEvent not found. Ensure the topic name is correct and that the topic exists.',
  )
  await expect(client.topic('/data/AccountChangeEvent')).rejects.toMatchObject({ code: 5 })
  client.emulator.events.select('Account')
  await expect(client.topic('/data/AccountChangeEvent')).resolves.toMatchObject({ canSubscribe: true })
})

test('a field that the user may not read loses its value without a word: its bit stays', async () => {
  const client = await open({ members: [{ entity: 'ContactChangeEvent' }], readable: ['Contact.Email'] })
  const stream = client.subscribe({ topicName, replayPreset: 1 })
  const { person, events } = client.emulator
  const id = person.create('Contact', { LastName: 'X', Email: 'x@example.com', Title: 'Secret' })
  person.edit('Contact', id, { Title: 'More secret', Email: 'y@example.com' })
  const [made, edited] = await decoded(client, stream, 2)
  expect(made).toMatchObject({ Email: 'x@example.com', Title: null, Name: { LastName: 'X' } })
  expect(edited).toMatchObject({ Email: 'y@example.com', Title: null })
  expect(events.list()[1]?.payload).toMatchObject({
    ChangeEventHeader: { changedFields: expect.arrayContaining(['Title']) },
  })
  const schema = JSON.parse((await client.schema(stream.events[0]?.event.schemaId ?? '')).schemaJson)
  expect(schema.fields.map(({ name }: { name: string }) => name)).toContain('Title')
})

test('without View All Records the topic of an object is refused, and a channel leaves its events out', async () => {
  const client = await open({ members: [{ entity: 'ContactChangeEvent' }], viewAll: false })
  client.emulator.person.create('Contact', { LastName: 'X' })
  const refused = client.subscribe({ topicName: '/data/ContactChangeEvent' })
  expect(failureOf(await refused.ended)).toMatchObject({ code: 7, errorCode: 'subscription.topic.cannot.subscribe' })
  const stream = client.subscribe({ topicName, replayPreset: 1, numRequested: 1 })
  client.emulator.events.set({ keepaliveMs: 1 })
  stream.request({ numRequested: 1 })
  await stream.until(({ responses }) => responses.length > 0)
  expect(stream.events).toHaveLength(0)
})

test('enriched fields come along with updates and deletes as they are now, and are not among the changed ones', async () => {
  const client = await open({
    members: [{ entity: 'ContactChangeEvent', enriched: ['Email', 'Phone'] }],
    readable: ['Contact.Email', 'Contact.Phone', 'Contact.Title'],
  })
  const { person, events } = client.emulator
  const id = person.create('Contact', { LastName: 'X', Email: 'old@example.com', Phone: '1' })
  person.edit('Contact', id, { Title: 'T' })
  person.edit('Contact', id, { Email: 'new@example.com' })
  person.remove('Contact', id)
  const stream = client.subscribe({ topicName, replayPreset: 1 })
  const [made, first, second, gone] = await decoded(client, stream, 4)
  expect(made).toMatchObject({ Email: 'old@example.com' })
  expect(first).toMatchObject({ Title: 'T', Email: 'new@example.com', Phone: '1' })
  expect(second).toMatchObject({ Title: null, Email: 'new@example.com', Phone: '1' })
  expect(gone).toMatchObject({ ChangeEventHeader: { changeType: 'DELETE' }, Email: 'new@example.com', Phone: '1' })
  expect(events.list()[1]?.payload).toMatchObject({
    ChangeEventHeader: { changedFields: expect.not.arrayContaining(['Email', 'Phone']) },
  })
})

test('with enrichment the records of one event come one by one, under the same replay id and the same id', async () => {
  const client = await open({
    members: [{ entity: 'ContactChangeEvent', enriched: ['Email'] }],
    readable: ['Contact.Email', 'Contact.AccountId'],
  })
  const { person } = client.emulator
  const account = person.create('Account', { Name: 'A' })
  const ids = ['x', 'y', 'z'].map((name) =>
    person.create('Contact', { LastName: name, Email: `${name}@example.com`, AccountId: account }),
  )
  const [start] = client.emulator.events.list().slice(-1)
  person.remove('Account', account)
  const replayId = Buffer.from(start?.replayId ?? '', 'hex')
  const stream = client.subscribe({ topicName, replayPreset: 2, replayId, numRequested: 2 })
  await stream.until(({ events }) => events.length === 2)
  stream.request({ numRequested: 5 })
  const events = await decoded(client, stream, 3)
  expect(events.map((event) => event.ChangeEventHeader?.recordIds)).toEqual(ids.map((id) => [id]))
  expect(events.map((event) => event['Email'])).toEqual(['x@example.com', 'y@example.com', 'z@example.com'])
  expect(new Set(stream.events.map((event) => event.replayId.toString('hex'))).size).toBe(1)
  expect(new Set(stream.events.map(({ event }) => event.id)).size).toBe(1)
})

test('a filter lets only some pass, and its fields come along', async () => {
  const client = await open({
    members: [{ entity: 'ContactChangeEvent', filter: "Title = 'keep' AND ChangeEventHeader.changeType != 'CREATE'" }],
    readable: ['Contact.Title', 'Contact.Phone'],
  })
  const { person } = client.emulator
  const kept = person.create('Contact', { LastName: 'X', Title: 'Keep' })
  const other = person.create('Contact', { LastName: 'Y', Title: 'Drop' })
  person.edit('Contact', other, { Phone: '1' })
  person.edit('Contact', kept, { Phone: '1' })
  const stream = client.subscribe({ topicName, replayPreset: 1 })
  const [event] = await decoded(client, stream, 1)
  expect(event).toMatchObject({ ChangeEventHeader: { recordIds: [kept] }, Phone: '1', Title: 'Keep' })
  expect(stream.events).toHaveLength(1)
})

test('a channel member with a filter that cannot be read is refused with the project', () => {
  const { folder, remove } = writeProject({ members: [{ entity: 'ContactChangeEvent', filter: "Nothing__c = 'x'" }] })
  cleanUp.push(remove)
  return expect(openPubSub({ sfdx: folder })).rejects.toThrow(
    'The Nothing__c field in the filter expression is invalid.',
  )
})
