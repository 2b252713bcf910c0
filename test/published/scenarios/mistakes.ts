import type { Operation } from '../clerk-contract.ts'
import type { Driver } from '../driver.ts'

const fill = (path: string): string => path.replaceAll(/\{[^}]+\}/g, 'nobody_2abcdefghijklmnopqrstuvwxyz')

/** The mistakes that can be made with any operation: no key, a wrong key, nobody by that id, a body that is none. */
export const commonMistakes = async (drive: Driver, { method, path }: Operation): Promise<void> => {
  const target = fill(path)
  await drive.ask(method, target, undefined, { authorization: '' })
  await drive.ask(method, target, undefined, { authorization: 'Bearer sk_test_wrong' })
  await drive.ask(method, target, undefined, { 'clerk-api-version': '1999-01-01' })
  await drive.ask(method, target)
  if (method === 'GET') await drive.ask(method, `${target}?limit=many&order_by=shoe_size`)
  if (method === 'GET' || method === 'DELETE') return
  await drive.ask(method, target, '{"half')
  await drive.ask(method, target, {})
  await drive.ask(method, target, { surely_unknown: true })
  await drive.ask(method, target, [])
  await drive.ask(method, target, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })
}
