import { Hono } from 'hono'
import { z } from 'zod'
import { ControlError, nothing, readControl, readControlQuery } from '../../kit/strict.ts'
import {
  disorderSchema,
  endpointChangeSchema,
  endpointSchema,
  eventSchema,
  replaySchema,
  rotateSchema,
} from '../given.ts'
import { eventBody, type Instance } from '../instance.ts'
import { json, pathParam } from '../request.ts'
import { emitExample } from '../webhooks/example-events.ts'
import type { Message, Webhooks } from '../webhooks/index.ts'

const messageJson = ({ id, type, body, createdAt, deliveries }: Message): Record<string, unknown> => ({
  id,
  type,
  created_at: createdAt,
  payload: JSON.parse(body) as unknown,
  deliveries,
})

const messagesQuery = z.strictObject({
  type: z.string().optional(),
  limit: z.coerce.number<string>().int().min(1).max(10_000).optional(),
})
const emitSchema = z.strictObject({ type: z.string().min(1), data: z.record(z.string(), z.unknown()) })

/** Endpoints, disorder and the log of messages. */
export const webhookControl = ({ webhooks, instance }: { webhooks: Webhooks; instance: Instance }): Hono => {
  const app = new Hono()
  app.get('/endpoints', () => json(webhooks.endpoints()))
  app.post('/endpoints', async (c) => json(webhooks.add(await readControl(c, endpointSchema))))
  app.delete('/endpoints/:id', (c) => {
    const id = pathParam(c, 'id')
    if (!webhooks.remove(id)) throw new ControlError(`There is no webhook endpoint ${id}.`, 404)
    return json({ removed: true })
  })
  app.patch('/endpoints/:id', async (c) =>
    json(webhooks.update(pathParam(c, 'id'), await readControl(c, endpointChangeSchema))),
  )
  app.post('/endpoints/:id/rotate', async (c) =>
    json({ secret: webhooks.rotate(pathParam(c, 'id'), await readControl(c, rotateSchema)) }),
  )
  for (const [verb, disabled] of [
    ['enable', false],
    ['disable', true],
  ] as const)
    app.post(`/endpoints/:id/${verb}`, async (c) => {
      await readControl(c, nothing)
      webhooks.setDisabled(pathParam(c, 'id'), disabled)
      return json(webhooks.endpoints())
    })
  app.post('/endpoints/:id/replay', async (c) => {
    const which = await readControl(c, replaySchema)
    return json({ messages: webhooks.replay({ ...which, endpointId: pathParam(c, 'id') }) })
  })
  app.get('/disorder', () => json(webhooks.disorder()))
  app.post('/disorder', async (c) => {
    webhooks.setDisorder(await readControl(c, disorderSchema))
    return json(webhooks.disorder())
  })
  app.get('/messages', (c) => {
    const { type, limit = 100 } = readControlQuery(c, messagesQuery)
    const chosen = webhooks.messages().filter((message) => type === undefined || message.type === type)
    return json({ data: chosen.slice(-limit).map(messageJson), total_count: chosen.length })
  })
  app.get('/attempts', (c) => {
    const { type, limit = 100 } = readControlQuery(c, messagesQuery)
    const chosen = webhooks.attempts().filter((attempt) => type === undefined || attempt.type === type)
    return json({ data: chosen.slice(-limit), total_count: chosen.length })
  })
  app.post('/events', async (c) => {
    const { type, data } = await readControl(c, eventSchema)
    return json(emitExample(instance, webhooks, type, data))
  })
  app.post('/emit', async (c) => {
    const { type, data } = await readControl(c, emitSchema)
    webhooks.publish(type, eventBody(instance, type, data))
    return json({ emitted: type })
  })
  return app
}
