import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freshDatabase } from '../test/support/databases.ts'
import { readSettings } from './config.ts'
import { holderOf } from './db/folder-lock.ts'
import { startClerkEmulator, startSalesforceEmulator } from './emulators/index.ts'
import { createLog } from './log.ts'
import { CLERKFORCE_SETTINGS, type ClerkforceSettings, openClerkforce, startClerkforce } from './program.ts'

const silent = createLog('silent')

const setUp = async (more: Record<string, string> = {}) => {
  const clerk = await startClerkEmulator()
  const salesforce = await startSalesforceEmulator({ pubsub: {} })
  onTestFinished(async () => {
    await Promise.all([clerk.close(), salesforce.close()])
  })
  const env = {
    CLERK_API_URL: clerk.url,
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
    SALESFORCE_LOGIN_URL: salesforce.url,
    SALESFORCE_CLIENT_ID: salesforce.clientId,
    SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
    SALESFORCE_PUBSUB_ENDPOINT: `http://${salesforce.pubsub?.plaintextUrl}`,
    CLERKFORCE_HOST: '127.0.0.1',
    PORT: '0',
    ...more,
  }
  const settings: ClerkforceSettings = readSettings(CLERKFORCE_SETTINGS, { env, cwd: tmpdir() })
  return { clerk, salesforce, settings }
}

test('a clerkforce without a port is mounted by its fetch, and uses the database and the mapping that it is given', async () => {
  const { clerk, salesforce, settings } = await setUp()
  const db = await freshDatabase('postgres')
  const told: string[] = []
  const clerkforce = await openClerkforce({
    settings,
    db,
    log: silent,
    config: { organization: { fields: { Name: { from: ({ name }) => `${name} Ltd` } } } },
    events: { delivered: ({ entity, kind, result }) => told.push(`${entity} ${kind} ${result}`) },
  })
  expect((await clerkforce.fetch(new Request('http://here/healthz'))).status).toBe(200)
  const made = await clerkforce.createOrganization({ name: 'Acme', key: 'order-1' })
  await clerkforce.engine.drain()
  expect(clerk.state().organizations).toMatchObject([{ id: made.id }])
  expect(salesforce.state()['Account']).toMatchObject([{ Name: 'Acme Ltd', Clerk_Org_Id__c: made.id }])
  expect(told).toEqual(['organization create done'])
  await Promise.all([clerkforce.close(), clerkforce.close()])
  expect(await db.query('select 1 as open')).toEqual([{ open: 1 }])
})

test('a port that is taken is an error, and nothing stays open', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  onTestFinished(() => void blocker.close())
  const folder = mkdtempSync(join(tmpdir(), 'clerkforce-program-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { port } = blocker.address() as { port: number }
  const { settings } = await setUp({ PORT: String(port), DATABASE_URL: folder })
  await expect(startClerkforce({ settings, log: silent })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect(await holderOf(folder)).toBeUndefined()
})

test('a mapping of the wrong shape is refused before a database is opened', async () => {
  const { settings } = await setUp({ DATABASE_URL: join(tmpdir(), 'clerkforce-never-made') })
  const config = { policies: { userDeleted: 'remove' } } as never
  await expect(openClerkforce({ settings, config, log: silent })).rejects.toThrow(
    /policies\.userDeleted must be one of/,
  )
})
