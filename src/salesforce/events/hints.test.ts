import { afterEach, expect, test } from 'vitest'
import { createOpener, following, makeAccounts } from './follow.test-support.ts'

const opener = createOpener()
afterEach(opener.closeAll)

test.each([true, false])('changes come as hints, with TLS: %s', async (tls) => {
  const opened = await opener.open({}, { tls })
  const follow = following(opened.events)
  const id = opened.org.person.create('Contact', { LastName: 'Doe', Email: 'doe@example.com' })
  await follow.until(1)
  expect(follow.hints()).toEqual([
    {
      eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      replayId: expect.any(Uint8Array),
      object: 'Contact',
      recordIds: [id],
      changeType: 'CREATE',
      committedAt: opened.clock.now(),
      commitUser: expect.stringMatching(/^005/),
      changeOrigin: expect.any(String),
      changedFields: undefined,
    },
  ])
  await follow.stop()
})

test('an update names what changed, parts of names and addresses as queries call them', async () => {
  const opened = await opener.open()
  const id = opened.org.person.create('Contact', { LastName: 'Doe', Email: 'doe@example.com', MailingCity: 'Rome' })
  opened.org.person.edit('Contact', id, { FirstName: 'Jo', Email: null, MailingCity: 'Oslo' })
  const follow = following(opened.events)
  await follow.until(2)
  expect(follow.hints()[1]).toMatchObject({ changeType: 'UPDATE', recordIds: [id] })
  expect([...(follow.hints()[1]?.changedFields ?? [])].sort()).toEqual(
    ['Name', 'FirstName', 'Email', 'MailingAddress', 'MailingCity', 'LastModifiedDate'].sort(),
  )
})

test('deletes and undeletes come with their records, and leave open which fields changed', async () => {
  const opened = await opener.open()
  const [id = ''] = makeAccounts(opened, 1)
  opened.org.person.remove('Account', id)
  opened.org.person.undelete('Account', id)
  const follow = following(opened.events)
  await follow.until(3)
  expect(
    follow.hints().map(({ changeType, recordIds, changedFields }) => [changeType, recordIds, changedFields]),
  ).toEqual(['CREATE', 'DELETE', 'UNDELETE'].map((type) => [type, [id], undefined]))
})

test('a write through our client carries our name as its origin, and our user', async () => {
  const opened = await opener.open()
  const [id] = makeAccounts(opened, 1)
  await opened.client.write([{ kind: 'update', object: 'Account', rows: [{ Id: id, Name: 'Ours' }] }])
  const follow = following(opened.events)
  await follow.until(2)
  expect(follow.hints()[1]).toMatchObject({
    commitUser: opened.org.userId,
    changeOrigin: expect.stringContaining('client=clerkforce'),
  })
})

test('gaps name their records, an overflow names none', async () => {
  const opened = await opener.open()
  const [id = ''] = makeAccounts(opened, 1)
  opened.org.events.announce({ object: 'Account', changeType: 'GAP_UPDATE', recordIds: [id] })
  opened.org.events.announce({ object: 'Account', changeType: 'GAP_OVERFLOW' })
  opened.org.events.announce({ object: 'Account', changeType: 'GAP_UPDATE', recordIds: ['001*'] })
  opened.org.events.announce({ object: 'Account', changeType: 'SNAPSHOT', recordIds: [id] })
  const follow = following(opened.events)
  await follow.until(5)
  expect(
    follow
      .hints()
      .slice(1)
      .map(({ object, changeType, recordIds, changedFields }) => [object, changeType, recordIds, changedFields]),
  ).toEqual([
    ['Account', 'GAP_UPDATE', [id], undefined],
    ['Account', 'GAP_OVERFLOW', [], undefined],
    ['Account', 'GAP_UPDATE', [], undefined],
    ['Account', 'SNAPSHOT', [id], undefined],
  ])
})

test('an event that is delivered again has its id and another replay id', async () => {
  const opened = await opener.open()
  makeAccounts(opened, 1)
  const follow = following(opened.events)
  await follow.until(1)
  opened.org.events.repeat(Buffer.from(follow.hints()[0]?.replayId ?? []).toString('hex'))
  await follow.until(2)
  const [first, second] = follow.hints()
  expect(second?.eventId).toBe(first?.eventId)
  expect(second?.replayId).not.toEqual(first?.replayId)
})

test('a field that an admin adds in the middle of a stream is read by its new schema', async () => {
  const opened = await opener.open()
  const follow = following(opened.events)
  const [id = ''] = makeAccounts(opened, 1)
  await follow.until(1)
  opened.org.events.addField('Account', 'Added__c')
  opened.org.person.edit('Account', id, { Added__c: 'x' })
  await follow.until(2)
  expect(follow.hints()[1]?.changedFields).toContain('Added__c')
})

test('commit numbers beyond what a double holds do not disturb', async () => {
  const opened = await opener.open()
  opened.org.events.setCommitNumber(2n ** 60n + 1n)
  const [id] = makeAccounts(opened, 1)
  const follow = following(opened.events)
  await follow.until(1)
  expect(follow.hints()[0]).toMatchObject({ recordIds: [id], committedAt: opened.clock.now() })
})
