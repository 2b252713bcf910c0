/** How Salesforce is followed when there is no stream, when it is taken away, and when the one who follows dies. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../src/cli/demo/free-port.ts'
import { openDatabase } from '../../src/db/database.ts'
import { freshPostgres } from '../support/databases.ts'
import { jumpingClock } from '../support/jumping-clock.ts'
import type { MortalOptions } from '../support/mortal-process.ts'
import { pairsOf } from '../support/pairs.ts'
import { startTwoSides, type TwoSides, type TwoSidesOptions, until } from '../support/two-sides.ts'

const config = { organization: { fields: { Tier__c: { from: 'public_metadata.tier', rule: 'salesforce' } } } } as const

/** Sides with one organization and its Account, and a clock that can be moved on. */
const begin = async (options: TwoSidesOptions = {}) => {
  const clock = jumpingClock()
  const sides = await startTwoSides({ clock, config, ...options })
  const pairs = pairsOf(sides)
  const by = () => sides.clerkforce.engine.health().following.by
  // It is said to be followed before the stream is open; an event from before that comes by no stream.
  await until(() => by() !== 'stream' || sides.org.events.streams() > 0)
  const { organizationId, accountId } = await pairs.organization('Followed')
  const tierInClerk = async (): Promise<unknown> => {
    const { public_metadata } = await sides.callClerk('GET', `/organizations/${organizationId}`)
    return (public_metadata as Record<string, unknown>)['tier']
  }
  return {
    ...sides,
    clock,
    pairs,
    accountId,
    organizationId,
    tierInClerk,
    setTier: (Tier__c: string) => sides.org.person.edit('Account', accountId, { Tier__c }),
    arrives: (tier: string) => clock.hasten(async () => (await tierInClerk()) === tier),
    by,
  }
}

/** A way to a port of this machine that can be closed, as a firewall closes it, and opened again. */
const openWay = async (target: number) => {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined))
    near.pipe(far).pipe(near)
  })
  const open = (port: number) => once(server.listen(port, '127.0.0.1'), 'listening')
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(close)
  await open(0)
  const { port } = server.address() as AddressInfo
  return { port, close, open: () => open(port) }
}

const reads = ({ org }: Pick<TwoSides, 'org'>): number => org.stats().calls['collection retrieve'] ?? 0
const queries = ({ org }: Pick<TwoSides, 'org'>): number =>
  (org.stats().calls['queryAll'] ?? 0) + (org.stats().calls['composite'] ?? 0)

test('when the deliveries of the day are used up it polls, says so, and goes back to the stream later', async () => {
  const { org, clock, clerkforce, setTier, arrives, by } = await begin({ events: 'auto' })
  org.events.setAllowance({ used: 10_000, limit: 10_000 })
  setTier('polled')
  await clock.hasten(() => by() === 'poll')
  expect(clerkforce.engine.health().following.detail).toMatch(/limit\.exceeded/)
  await arrives('polled')
  org.events.setAllowance({ used: 0, limit: 10_000 })
  clock.jump(3_600_000)
  await clock.hasten(() => by() === 'stream')
  // What was polled is not delivered again.
  expect(org.events.usage().used).toBe(0)
  setTier('streamed')
  await arrives('streamed')
})

test('an org without our channel is polled, and the stream is tried again now and then', async () => {
  const { clerkforce, setTier, arrives, by } = await begin({
    events: 'auto',
    env: { SALESFORCE_EVENT_CHANNEL: 'Nobody_Deployed__chn' },
  })
  expect(by()).toBe('poll')
  expect(clerkforce.engine.health().following.detail).toMatch(/topic\.not\.found/)
  setTier('polled')
  await arrives('polled')
})

test('a Pub/Sub API that stays out of reach is polled over, and followed again once it can be reached', async () => {
  const port = await freePort(0)
  const way = await openWay(port)
  const sides = await begin({
    events: 'auto',
    salesforce: { pubsub: { plaintextPort: port } },
    env: { SALESFORCE_PUBSUB_ENDPOINT: `http://127.0.0.1:${way.port}` },
  })
  const { clock, clerkforce, setTier, arrives, by } = sides
  expect(by()).toBe('stream')
  way.close()
  await clock.hasten(() => by() === 'poll', 5_000)
  expect(clerkforce.engine.health().following.detail).toMatch(/that its port is open from here/)
  setTier('polled')
  await arrives('polled')
  expect(by()).toBe('poll')
  await way.open()
  await clock.hasten(() => by() === 'stream', 5_000)
  setTier('streamed')
  await arrives('streamed')
})

test('polling finds what changed, was deleted and undeleted, and reads nothing twice', async () => {
  const sides = await begin({ events: 'poll' })
  const { org, settled, pairs, clock, setTier, tierInClerk } = sides
  const { userId, contactId } = await pairs.person('Polled')
  setTier('polled')
  await settled()
  expect(await tierInClerk()).toBe('polled')
  org.person.remove('Contact', contactId)
  await settled()
  expect((await pairs.link(userId)).code).toBe('DELETED_IN_SALESFORCE')
  org.person.undelete('Contact', contactId)
  await settled()
  expect((await pairs.link(userId)).code).toBeNull()
  // The overlap shows them all again with each poll.
  clock.jump(20_000)
  await settled()
  const [before, asked] = [reads(sides), queries(sides)]
  for (let polls = 0; polls < 3; polls++) await settled()
  expect(reads(sides)).toBe(before)
  expect(queries(sides)).toBeGreaterThan(asked)
})

test('what a lagging query does not show yet is found by the overlap of a later poll', async () => {
  const { org, setTier, arrives } = await begin({ events: 'poll' })
  org.settings.lateVisibilityMs = 30_000
  setTier('late')
  await arrives('late')
})

test('switched off, Salesforce is only written to', async () => {
  const { org, setTier, callClerk, organizationId, tierInClerk, record, accountId, clerkforce } = await begin({
    events: 'off',
  })
  setTier('unheard of')
  await callClerk('PATCH', `/organizations/${organizationId}`, { name: 'Written' })
  await until(() => record('Account', accountId)['Name'] === 'Written')
  await clerkforce.engine.drain()
  expect(org.events.streamsAsked()).toBe(0)
  expect(await tierInClerk()).toBeUndefined()
})

test('of two processes one subscribes, and the other takes over when it stops', async () => {
  const { org, clock, start, clerkforce, setTier, arrives } = await begin()
  await until(() => org.events.streams() === 1)
  const other = await start()
  await until(() => other.engine.health().following.by === 'standby')
  expect(org.events.streamsAsked()).toBe(1)
  expect(clerkforce.engine.health().following.by).toBe('stream')
  await clerkforce.close()
  await clock.hasten(() => other.engine.health().following.by === 'stream')
  await until(() => org.events.streams() === 1)
  setTier('by the other')
  await arrives('by the other')
})

test('of two processes that poll seldom one polls, and the other does not begin while it rests', async () => {
  const sides = await begin({ events: 'poll', env: { SALESFORCE_POLL_SECONDS: '60' } })
  const { clock, start, by } = sides
  const other = await start()
  await until(() => other.engine.health().following.by === 'standby')
  const asked = queries(sides)
  for (let n = 0; n < 9; n++) {
    clock.jump(5_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(queries(sides)).toBe(asked)
  expect([by(), other.engine.health().following.by]).toEqual(['poll', 'standby'])
})

test('when the process that follows is killed, another goes on from the stored replay id', async () => {
  const database = await freshPostgres()
  const db = await openDatabase({ url: database })
  onTestFinished(() => db.close())
  const { org, clock, start, clerkforce, setTier, arrives, settled } = await begin({ db })
  await settled()
  await clerkforce.close()
  const { clientId, clientSecret, url: loginUrl } = org
  const pubsub = `http://${org.pubsub?.plaintextUrl}`
  const options: MortalOptions = {
    database,
    loginUrl,
    clientId,
    clientSecret,
    pubsub,
    signingSecret: 'whsec_bm9ib2R5IHNpZ25zIGFueXRoaW5n',
    dieAt: 0,
    name: 'mortal',
  }
  const program = new URL('../support/mortal-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(createInterface(child.stdout), 'line')
  await until(() => org.events.streams() === 1)
  const events = async (): Promise<number> => {
    const [row] = await db.query<{ count: number }>(
      `select count(*) as count from clerkforce.hint where type like 'Account %'`,
    )
    return row?.count ?? 0
  }
  const before = await events()
  setTier('taken in by the one that dies')
  await until(async () => (await events()) === before + 1)
  child.kill('SIGKILL')
  await once(child, 'exit')
  setTier('while nobody followed')
  const used = org.events.usage().used
  clock.jump(60_000)
  await start()
  await arrives('while nobody followed')
  expect(org.events.usage().used).toBe(used + 1)
})

test('what we wrote ourselves waits to be read back, and many writes cost one call', async () => {
  const sides = await startTwoSides({ echoMs: 400 })
  const { callClerk, clerkforce, settled } = sides
  await settled()
  const before = reads(sides)
  for (let n = 0; n < 12; n++) await callClerk('POST', '/organizations', { name: `Company ${n}` })
  await settled()
  expect(reads(sides) - before).toBeLessThanOrEqual(3)
  expect(await clerkforce.engine.counts()).toMatchObject({ stale: 0, dirty: 0, parked: 0 })
})
