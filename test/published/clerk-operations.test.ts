import { expect, onTestFinished, test } from 'vitest'
import { createClerkEmulator } from '../../src/emulators/clerk/index.ts'
import { eventTypes } from '../../src/emulators/clerk/webhooks/event-types.ts'
import { manualClock } from '../../src/emulators/kit/clock.ts'
import { readClerkContract } from './clerk-contract.ts'
import { coverageReport, uncovered } from './coverage.ts'
import { createDriver, type Driver } from './driver.ts'
import { scenarios, tagsInScope } from './scenarios/index.ts'
import { commonMistakes } from './scenarios/mistakes.ts'
import { type Finding, watchEmulators } from './watch.ts'

const folder = process.env['CLERK_DATA']
if (!folder) throw new Error('CLERK_DATA must name the folder with Clerk’s published OpenAPI files')
const contract = readClerkContract(folder)
const inScope = contract.operations.filter(({ tags }) => tags.some((tag) => tagsInScope.has(tag)))

const caused = [
  ...['user.created', 'user.updated', 'user.deleted'],
  ...['organization.created', 'organization.updated', 'organization.deleted'],
  ...['organizationMembership.created', 'organizationMembership.updated', 'organizationMembership.deleted'],
  ...['organizationInvitation.created', 'organizationInvitation.accepted', 'organizationInvitation.revoked'],
  ...['organizationDomain.created', 'organizationDomain.updated', 'organizationDomain.deleted'],
  ...['session.created', 'session.pending', 'session.ended', 'session.removed', 'session.revoked'],
  ...['role.created', 'role.updated', 'role.deleted'],
  ...['permission.created', 'permission.updated', 'permission.deleted'],
  ...['waitlistEntry.created', 'waitlistEntry.updated', 'email.created', 'sms.created'],
]

const startDriver = (): Driver => createDriver(createClerkEmulator({ clock: manualClock(), rateLimits: false }))

const lines = (findings: readonly Finding[]): string[] =>
  findings.map(({ where, violations }) => `${where}: ${JSON.stringify(violations)}`)

test('every operation in scope succeeds and fails, and every event is sent, as Clerk’s OpenAPI files say', async () => {
  const watch = watchEmulators(contract)
  onTestFinished(watch.stop)
  const broken: string[] = []
  for (const scenario of scenarios)
    await scenario(startDriver()).catch((error: Error) => broken.push(`${scenario.name}: ${error.message}`))
  const drive = startDriver()
  for (const operation of inScope) await commonMistakes(drive, operation)
  const causedNow = new Set(watch.events)
  for (const type of eventTypes) drive.emulator.emit(type)
  const report = coverageReport(contract, watch, inScope, causedNow)
  process.stdout.write(`\nClerk’s OpenAPI files, checked with what the emulator says:\n${report}\n`)
  expect({ broken, findings: lines(watch.take()), uncovered: uncovered(watch, inScope) }).toEqual({
    broken: [],
    findings: [],
    uncovered: [],
  })
  expect([...causedNow].sort()).toEqual([...caused].sort())
  expect(contract.eventTypes.filter((type) => !watch.events.has(type))).toEqual([])
})

test('an event made by hand tells of the newest record, or of nobody where there is none, and is valid either way', async () => {
  const watch = watchEmulators(contract)
  onTestFinished(watch.stop)
  const { emulator, post } = startDriver()
  for (const type of eventTypes) emulator.emit(type)
  expect(emulator.state().users).toEqual([])
  // The barest records that there can be.
  const { id } = await post('/users', { username: 'bare', skip_user_requirement: true })
  const organization = await post('/organizations', { name: 'Bare' })
  await post(`/organizations/${String(organization['id'])}/memberships`, { user_id: id, role: 'org:member' })
  for (const type of eventTypes) emulator.emit(type)
  expect(lines(watch.take())).toEqual([])
  expect(emulator.emit('user.updated').data['id']).toBe(id)
})

test('each exemption from the published files is still needed', () => {
  const published = readClerkContract(folder, true)
  const { emulator } = startDriver()
  const refused = eventTypes.filter((type) => {
    emulator.emit(type)
    const { body } = emulator.webhooks.messages().at(-1) ?? {}
    return published.validateEvent(JSON.parse(body ?? '')).length > 0
  })
  expect(refused).toEqual([
    'organizationInvitation.accepted',
    'session.created',
    'session.ended',
    'session.pending',
    'session.removed',
    'session.revoked',
  ])
  expect(published.eventTypes).not.toContain('subscriptionItem.created')
})

test('what does not agree with the files is found', () => {
  const { emulator } = startDriver()
  emulator.seed({ users: [{ id: 'user_1', email_addresses: ['ada@example.com'] }] })
  const [user] = emulator.state().users
  const places = (body: unknown) =>
    contract.validateReply('GET', '/users/user_1', 200, body).violations.map((v) => v.path)
  expect(places(user)).toEqual([])
  expect(places({ ...user, banned: 'no' })).toEqual(['/banned'])
  expect(places({ ...user, shoe_size: 43 })).toEqual(['/'])
  expect(places({ ...user, username: 7 })).toContain('/username')
  expect(contract.validateReply('GET', '/users/count', 200, { object: 'total_count' }).violations).toHaveLength(1)
  expect(contract.validateReply('GET', '/users', 204, undefined).violations.length).toBeGreaterThan(0)
  expect(contract.validateReply('GET', '/shoes', 200, {}).violations).toHaveLength(1)
  expect(contract.validateRequest('POST', '/users', { shoe_size: 43 }).violations).toHaveLength(1)
  emulator.emit('user.created', { banned: 'no' })
  const text = emulator.webhooks.messages().at(-1)?.body ?? ''
  expect(contract.validateEvent(JSON.parse(text)).map(({ path }) => path)).toEqual(['/data/banned'])
})
