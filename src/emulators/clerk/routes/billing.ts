import { Hono } from 'hono'
import { adjustCredits, adjustCreditsShape, balanceJson, creditEntryJson, subscriptionJson } from '../credits.ts'
import type { Instance } from '../instance.ts'
import { getOrganization } from '../organizations.ts'
import { type ClerkContext, type ClerkEnv, json, pathParam, readBody } from '../request.ts'
import { getUser } from '../users.ts'

/** `/v1/users/{id}/billing` and `/v1/organizations/{id}/billing`. */
export const billingRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  const payers = [
    ['/users/:id/billing', (c: ClerkContext) => getUser(instance, pathParam(c, 'id')).id],
    ['/organizations/:id/billing', (c: ClerkContext) => getOrganization(instance, pathParam(c, 'id')).id],
  ] as const
  for (const [path, payerId] of payers) {
    app.get(`${path}/subscription`, (c) => json(subscriptionJson(instance, payerId(c))))
    app.get(`${path}/credits`, (c) => json(balanceJson(instance, payerId(c))))
    app.post(`${path}/credits`, async (c) => {
      const id = payerId(c)
      const body = await readBody(c, adjustCreditsShape, ['amount', 'action', 'idempotency_key'])
      return json(creditEntryJson(adjustCredits(instance, id, body)))
    })
  }
  return app
}
