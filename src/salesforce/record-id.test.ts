import { expect, test } from 'vitest'
import { to18 } from './record-id.ts'

test.each([
  ['001D000000IRFma', '001D000000IRFmaIAH'],
  ['001000000000000', '001000000000000AAA'],
  ['00DABCDEFGHIJKL', '00DABCDEFGHIJKL255'],
])('a 15-character id becomes the 18-character id that Salesforce makes of it', (short, long) => {
  expect(to18(short)).toBe(long)
})

test('ids that differ only in case differ in their checksum', () => {
  expect(to18('003xx000004TmiQ').toLowerCase()).not.toBe(to18('003xx000004Tmiq').toLowerCase())
})

test('an 18-character id stays as it is', () => {
  expect(to18('001D000000IRFmaIAH')).toBe('001D000000IRFmaIAH')
})
