import { expect, test } from 'vitest'
import { createClerkEmulator } from './index.ts'

/** The suite has three minutes: it takes fewer. */
const users = process.env['RUNS'] === undefined ? 20_000 : 100_000
const organizations = users / 10
const memberships = users * 1.2

test('tens of thousands of users and memberships are held, and a page costs no more at the end than at the start', async () => {
  const emulator = createClerkEmulator({ rateLimits: false })
  emulator.seed({
    users: Array.from({ length: users }, (_, i) => ({
      id: `user_${i}`,
      email_addresses: [`p${i}@example.com`],
      first_name: `P${i}`,
      created_at: i,
    })),
    organizations: Array.from({ length: organizations }, (_, i) => ({ id: `org_${i}`, name: `Org ${i}` })),
    memberships: Array.from({ length: memberships }, (_, i) => ({
      user_id: `user_${i % users}`,
      organization_id: `org_${i < users ? i % organizations : (i + 1) % organizations}`,
    })),
  })
  const get = async (path: string): Promise<unknown> => {
    const response = await emulator.app.request(path, { headers: { authorization: `Bearer ${emulator.secretKey}` } })
    return response.json()
  }
  const timed = async (path: string) => {
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i < 5; i++) {
      const began = performance.now()
      await get(path)
      best = Math.min(best, performance.now() - began)
    }
    return best
  }
  expect(await get('/v1/organization_memberships?limit=1')).toMatchObject({ total_count: memberships })
  expect(await get('/v1/users/user_5/organization_memberships')).toMatchObject({ total_count: 2 })
  expect(await get(`/v1/users?email_address=p${users - 3}@example.com`)).toMatchObject([{ id: `user_${users - 3}` }])

  const near = await timed('/v1/users?limit=500')
  const far = await timed(`/v1/users?limit=500&offset=${users - 1_000}`)
  const cursor = await timed('/v1/users?limit=500&starting_after=user_600')
  const joined = await timed(
    `/v1/organization_memberships?limit=500&offset=${memberships - 10_000}&order_by=%2Bcreated_at`,
  )
  const one = await timed(`/v1/users?email_address=p${users - 3}@example.com`)
  const own = await timed('/v1/users/user_9/organization_memberships')
  // A page that scanned the table would take some hundred times a look-up by id; five times the first page leaves room for noise.
  const most = Math.max(5 * near, 20)
  for (const time of [far, cursor, joined, one, own]) expect(time).toBeLessThan(most)
}, 60_000)
