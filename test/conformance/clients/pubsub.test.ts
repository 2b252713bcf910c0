import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningSalesforceEmulator, startSalesforceEmulator } from '../../../src/emulators/index.ts'

/*
 * salesforce-pubsub-api-client as it is published, against the emulator over TLS: it logs in, subscribes, decodes with the
 * schemas it fetches, and replays. Its own way of seeing things shows: replay ids are numbers, since it reads the first
 * eight bytes only, and an object with one field is that field.
 */

type ClientEvent = { id: string; replayId: number; payload: { ChangeEventHeader: Header } & Record<string, unknown> }
type Header = {
  entityName: string
  recordIds: string[]
  changeType: string
  changedFields: string[]
  commitNumber: unknown
}
type Callback = (subscription: { topicName: string }, type: string, data: unknown) => void
type Client = {
  connect: () => Promise<void>
  subscribe: (topic: string, callback: Callback, count?: number) => void
  subscribeFromEarliestEvent: (topic: string, callback: Callback, count?: number) => void
  subscribeFromReplayId: (topic: string, callback: Callback, count: number | null, replayId: number) => void
  publish: (topic: string, payload: object, key?: string) => Promise<{ replayId: number; correlationKey: string }>
  close: () => void
}
type ClientModule = { default: new (config: object, logger: object) => Client }

// Named by a variable: it is installed beside this file only, and so unknown to the type-check.
const clientPackage = 'salesforce-pubsub-api-client'
const silent = { debug() {}, info() {}, warn() {}, error() {} }

let emulator: RunningSalesforceEmulator
let client: Client

const clientOf = async (auth: object): Promise<Client> => {
  const { default: PubSubApiClient } = (await import(clientPackage)) as ClientModule
  const connection = { pubSubEndpoint: emulator.pubsub?.tlsUrl, rejectUnauthorizedSsl: false }
  const made = new PubSubApiClient({ ...connection, ...auth }, silent)
  await made.connect()
  return made
}

beforeEach(async () => {
  emulator = await startSalesforceEmulator({
    pubsub: {},
    sfdx: false,
    changeDataCapture: ['Account', 'Contact'],
    platformEvents: [{ name: 'Order_Placed__e', fields: { Number__c: 'text' } }],
  })
  const { url, clientId, clientSecret } = emulator
  client = await clientOf({ authType: 'oauth-client-credentials', loginUrl: url, clientId, clientSecret })
})

// In this order: a client that is closed no longer listens, and would throw the end of its streams at nobody.
afterEach(async () => {
  await emulator.close()
  client.close()
})

/** Collects events of a subscription until there are enough. */
const collect = (subscribe: (callback: Callback) => void, count: number): Promise<ClientEvent[]> =>
  new Promise((resolve, reject) => {
    const events: ClientEvent[] = []
    subscribe((_, type, data) => {
      if (type === 'error') reject(data)
      if (type !== 'event') return
      events.push(data as ClientEvent)
      if (events.length === count) resolve(events)
    })
  })

test('it subscribes from the earliest event, and reads changes with the names of their fields', async () => {
  const { person, events } = emulator
  events.setCommitNumber(9_007_199_254_740_993n)
  const id = person.create('Contact', { FirstName: 'X', LastName: 'Y', Email: 'x@example.com', MailingCity: 'Bern' })
  person.edit('Contact', id, { Email: null, FirstName: 'Z', MailingCity: 'Basel', MailingStreet: 'Weg 1' })
  person.remove('Contact', id)
  const [made, edited, gone] = await collect(
    (callback) => client.subscribeFromEarliestEvent('/data/ContactChangeEvent', callback),
    3,
  )
  expect(made?.payload).toMatchObject({
    ChangeEventHeader: { entityName: 'Contact', recordIds: [id], changeType: 'CREATE', changedFields: [] },
    Email: 'x@example.com',
  })
  expect(typeof made?.payload.ChangeEventHeader.commitNumber).toBe('bigint')
  expect(edited?.payload).toMatchObject({
    ChangeEventHeader: {
      changeType: 'UPDATE',
      nulledFields: ['Email'],
      changedFields: ['Email', 'LastModifiedDate', 'Name.FirstName', 'MailingAddress.Street', 'MailingAddress.City'],
    },
    Email: null,
  })
  expect(gone?.payload).toMatchObject({ ChangeEventHeader: { changeType: 'DELETE' }, Email: null })
})

test('it goes on from a replay id, which it gives back with eight bytes', async () => {
  const ids = ['A', 'B', 'C'].map((Name) => emulator.person.create('Account', { Name }))
  const [first] = await collect(
    (callback) => client.subscribeFromEarliestEvent('/data/AccountChangeEvent', callback, 1),
    1,
  )
  const rest = await collect(
    (callback) => client.subscribeFromReplayId('/data/ChangeEvents', callback, 2, first?.replayId ?? 0),
    2,
  )
  expect(rest.map(({ payload }) => payload.ChangeEventHeader.recordIds)).toEqual([[ids[1]], [ids[2]]])
})

test('it asks for more by itself, and gets what happens while it listens', async () => {
  for (let i = 0; i < 250; i++) emulator.person.create('Account', { Name: `${i}` })
  const all = collect((callback) => client.subscribeFromEarliestEvent('/data/ChangeEvents', callback), 260)
  for (let i = 250; i < 260; i++) emulator.person.create('Account', { Name: `${i}` })
  expect((await all).map(({ payload }) => payload['Name'])).toEqual(Array.from({ length: 260 }, (_, i) => `${i}`))
})

test('it tells of a replay id that is no longer good', async () => {
  const failure = await new Promise((resolve) =>
    client.subscribeFromReplayId('/data/ChangeEvents', (_, type, data) => type === 'error' && resolve(data), 1, 7),
  )
  expect(failure).toMatchObject({ code: 3 })
})

test('it publishes a platform event, with a token that it was given', async () => {
  client.close()
  const form = { grant_type: 'client_credentials', client_id: emulator.clientId, client_secret: emulator.clientSecret }
  const reply = await fetch(`${emulator.url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const { access_token: accessToken } = (await reply.json()) as { access_token: string }
  client = await clientOf({
    authType: 'user-supplied',
    accessToken,
    instanceUrl: emulator.url.replace('http:', 'https:'),
  })
  const topic = '/event/Order_Placed__e'
  const received = collect((callback) => client.subscribeFromEarliestEvent(topic, callback), 1)
  const payload = { CreatedDate: 1_795_000_000_000, CreatedById: emulator.userId, Number__c: { string: 'A1' } }
  const { correlationKey, replayId } = await client.publish(topic, payload, 'key')
  expect(correlationKey).toBe('key')
  expect(await received).toMatchObject([{ replayId, payload: { Number__c: 'A1' } }])
})
