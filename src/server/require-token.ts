import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { problem } from './problem.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Lets in who carries the token. Digests are compared, in constant time: they have one length whatever was sent, so neither a wrong length
 * nor a right beginning shows in the time.
 * @param token undefined closes the routes for everybody.
 */
export const requireToken = (token: string | undefined): MiddlewareHandler => {
  const expected = token === undefined ? undefined : digest(token)
  return async (c, next) => {
    if (!expected) return problem(c, 403, 'closed', 'this route is closed: CLERKFORCE_ADMIN_TOKEN is not set')
    const given = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (given === undefined || !timingSafeEqual(digest(given), expected))
      return problem(
        c,
        401,
        'unauthorized',
        'this route needs the header "Authorization: Bearer" with the admin token',
        {
          'www-authenticate': 'Bearer realm="clerkforce"',
        },
      )
    return next()
  }
}
