import { createServer } from 'node:net'
import { createClerkClient } from '@clerk/backend'
import { expect, onTestFinished, test } from 'vitest'
import { emptyFolder, type Spawned, spawnCli } from '../../src/cli/cli.test-support.ts'
import { type RunningClerkEmulator, startClerkEmulator } from '../../src/emulators/index.ts'
import { freshPostgres } from '../support/databases.ts'
import { type Shown, startOrg } from '../support/road.ts'

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

const startClerk = async (): Promise<RunningClerkEmulator> => {
  const clerk = await startClerkEmulator({ rateLimits: false, membershipLimit: 0, retryScale: 20 })
  onTestFinished(() => clerk.close())
  return clerk
}

const until = async (what: string, condition: () => boolean): Promise<void> => {
  for (let i = 0; !condition(); i++) {
    if (i > 600) throw new Error(`never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('two processes on one PostgreSQL share the work, and one may be stopped at any time', async () => {
  const [clerk, org, database] = await Promise.all([startClerk(), startOrg({ pubsub: {} }), freshPostgres()])
  const ports = [await freePort(), await freePort()]
  for (const port of ports) clerk.webhooks.add({ url: `http://127.0.0.1:${port}/webhooks/clerk` })
  clerk.webhooks.setDisorder({ twice: 0.2, delayed: 0.3, maxDelayMs: 200, shuffled: 0.3 })
  const env = {
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
    // One secret for each endpoint: the same message comes twice, signed differently.
    CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecrets().join(','),
    SALESFORCE_LOGIN_URL: org.url,
    SALESFORCE_CLIENT_ID: org.clientId,
    SALESFORCE_CLIENT_SECRET: org.clientSecret,
    SALESFORCE_PUBSUB_ENDPOINT: `http://${org.pubsub?.plaintextUrl}`,
    DATABASE_URL: database,
    CLERKFORCE_LOG_LEVEL: 'info',
  }
  const processes: Spawned[] = ports.map((port) =>
    spawnCli(['serve'], { cwd: emptyFolder(), env: { ...env, PORT: String(port) } }),
  )
  await Promise.all(processes.map((one) => one.seen(/listening/)))

  const api = createClerkClient({ secretKey: clerk.secretKey, apiUrl: clerk.url, telemetry: { disabled: true } })
  const organizations = await Promise.all(
    ['Acme', 'Initech', 'Hooli'].map((name) => api.organizations.createOrganization({ name })),
  )
  const join = async (n: number) => {
    const user = await api.users.createUser({
      emailAddress: [`person${n}@acme.test`],
      firstName: 'Person',
      lastName: `Number ${n}`,
      skipPasswordRequirement: true,
    })
    const organization = organizations[n % organizations.length]
    if (organization)
      await api.organizations.createOrganizationMembership({
        organizationId: organization.id,
        userId: user.id,
        role: 'org:member',
      })
  }
  for (let n = 0; n < 20; n++) await join(n)
  const [first, second] = processes
  const asked = Date.now()
  first?.kill('SIGTERM')
  for (let n = 20; n < 40; n++) await join(n)
  expect((await first?.ended)?.code).toBe(0)
  expect(Date.now() - asked).toBeLessThan(10_000)

  const records = (object: string): Shown[] => (org.state()[object] ?? []).filter((one) => one['IsDeleted'] !== true)
  await until(
    '40 keyed relations',
    () => records('AccountContactRelation').filter((one) => one['Clerk_Membership_Id__c']).length === 40,
  )
  const contacts = records('Contact')
  expect(contacts).toHaveLength(40)
  expect(new Set(contacts.map((one) => one['Email'])).size).toBe(40)
  expect(
    records('Account')
      .map((one) => one['Name'])
      .sort(),
  ).toEqual(['Acme', 'Hooli', 'Initech'])
  second?.kill('SIGTERM')
  const ended = await second?.ended
  expect(ended?.code).toBe(0)
  expect(ended?.stdout).not.toMatch(/acme\.test|Person/)
}, 60_000)

test('what was in Clerk before clerkforce came is fetched when its person is first heard of', async () => {
  const [clerk, org] = await Promise.all([startClerk(), startOrg()])
  const { users } = clerk.seed({
    users: [{ email_addresses: ['ada@acme.test'], first_name: 'Ada', last_name: 'Lovelace' }],
    organizations: [{ id: 'org_old', name: 'Acme' }],
  })
  clerk.seed({ memberships: [{ user_id: users[0] ?? '', organization_id: 'org_old', role: 'org:admin' }] })
  const port = await freePort()
  clerk.webhooks.add({ url: `http://127.0.0.1:${port}/webhooks/clerk` })
  const served = spawnCli(['serve'], {
    cwd: emptyFolder(),
    env: {
      CLERK_SECRET_KEY: clerk.secretKey,
      CLERK_API_URL: clerk.url,
      CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
      SALESFORCE_LOGIN_URL: org.url,
      SALESFORCE_CLIENT_ID: org.clientId,
      SALESFORCE_USERNAME: org.username,
      SALESFORCE_PRIVATE_KEY: org.privateKey() ?? '',
      PORT: String(port),
    },
  })
  await served.seen(/listening/)
  const api = createClerkClient({ secretKey: clerk.secretKey, apiUrl: clerk.url, telemetry: { disabled: true } })
  await api.users.updateUser(users[0] ?? '', { firstName: 'Augusta' })
  await until('the relation', () =>
    (org.state()['AccountContactRelation'] ?? []).some((one) => one['Clerk_Role__c'] === 'org:admin'),
  )
  expect(org.state()['Contact']).toMatchObject([{ FirstName: 'Augusta', Email: 'ada@acme.test' }])
  expect(org.state()['Account']).toMatchObject([{ Name: 'Acme', Clerk_Org_Id__c: 'org_old' }])
  served.kill('SIGTERM')
  expect((await served.ended).code).toBe(0)
}, 60_000)
