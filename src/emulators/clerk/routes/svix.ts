import { Hono } from 'hono'
import { ApiError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { type ClerkEnv, json } from '../request.ts'
import type { Webhooks } from '../webhooks/index.ts'

/**
 * `/v1/webhooks`: the Svix app of the instance, and the address of its management pages. The app is there once it was asked for, or
 * once there are endpoints, which are added with the emulator's own controls; with the app its endpoints go.
 */
export const svixRoutes = (instance: Instance, webhooks: Webhooks): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  const exists = (): boolean => instance.store.svixApp || webhooks.endpoints().length > 0
  const assertApp = (): void => {
    if (!exists()) throw new ApiError(400, 'svix_app_missing', 'No Svix apps are associated with the current instance.')
  }
  const url = (): Response =>
    json({ svix_url: `https://app.svix.com/login#key=${Buffer.from(instance.newId('svix')).toString('base64url')}` })
  app.post('/svix', () => {
    if (exists())
      throw new ApiError(400, 'svix_app_exists', 'A Svix app is associated with the current instance already.')
    instance.store.svixApp = true
    return url()
  })
  app.delete('/svix', () => {
    assertApp()
    instance.store.svixApp = false
    for (const { id } of webhooks.endpoints()) webhooks.remove(id)
    return new Response(null, { status: 204 })
  })
  app.post('/svix_url', () => {
    assertApp()
    return url()
  })
  return app
}
