import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openSalesforce } from '../client.test-support.ts'

const open = () => {
  const clock = manualClock()
  const salesforce = openSalesforce({ sfdx: false, clock })
  const account = `/sobjects/Account/${salesforce.person.create('Account', { Name: 'A' })}`
  const contact = `/sobjects/Contact/${salesforce.person.create('Contact', { LastName: 'X' })}`
  const get = (path: string, headers = {}) => salesforce.call('GET', path, undefined, headers)
  const patch = (path: string, headers = {}) => salesforce.call('PATCH', path, { Description: 'x' }, headers)
  const when = (ms: number) => new Date(clock.now() + ms).toUTCString()
  return { clock, account, contact, get, patch, when }
}

test('an Account has an entity tag that changes with it, and conditions on the tag are kept', async () => {
  const { clock, account, get, patch } = open()
  const etag = (await get(account)).headers.get('etag') ?? ''
  expect(await get(account, { 'If-None-Match': etag })).toMatchObject({ status: 304 })
  await clock.advance(1_000)
  const changed = await patch(account, { 'If-Match': etag })
  expect([changed.status, changed.headers.get('etag') === etag]).toEqual([204, false])
  expect(await patch(account, { 'If-Match': etag })).toMatchObject({ status: 412 })
  expect(await patch(account, { 'If-None-Match': changed.headers.get('etag') })).toMatchObject({ status: 412 })
  expect(await get(account, { 'If-None-Match': etag })).toMatchObject({ status: 200 })
})

test('other records have no tag, and conditions on tags mean nothing for them', async () => {
  const { contact, get, patch } = open()
  expect((await get(contact)).headers.get('etag')).toBeNull()
  expect(await patch(contact, { 'If-Match': '"x"' })).toMatchObject({ status: 204 })
})

test('conditions on the time of the last change hold for every object', async () => {
  const { contact, get, patch, when } = open()
  expect(await get(contact, { 'If-Modified-Since': when(0) })).toMatchObject({ status: 304 })
  expect(await get(contact, { 'If-Modified-Since': when(-60_000) })).toMatchObject({ status: 200 })
  expect(await patch(contact, { 'If-Unmodified-Since': when(-60_000) })).toMatchObject({ status: 412 })
  expect(await patch(contact, { 'If-Unmodified-Since': when(0) })).toMatchObject({ status: 204 })
})

test('a condition that cannot be read is refused where something would be written', async () => {
  const { account, get, patch } = open()
  expect(await patch(account, { 'If-Match': 'no quotes' })).toMatchObject({ status: 400 })
  expect(await patch(account, { 'If-Unmodified-Since': 'soon' })).toMatchObject({ status: 400 })
  expect(await get(account, { 'If-None-Match': 'no quotes' })).toMatchObject({ status: 200 })
})
