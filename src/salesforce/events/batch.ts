import type { Clock } from '../../clock.ts'
import { type EventBatch, EventError, type FollowOptions } from './api.ts'
import type { Connection } from './connection.ts'
import { type EventSchema, presumedSchema, readEventSchema } from './event-schema.ts'
import { type ConsumerEvent, type FetchResponse, methods } from './protocol.ts'
import { copyOf, readHint } from './read-hint.ts'

export type BatchReader = {
  /** Undefined where the responses tell nothing. Moves the position: whoever does not take the batch must not go on with this reader. */
  read: (responses: readonly FetchResponse[]) => Promise<EventBatch | undefined>
  /** Where a new stream has to start to miss nothing of what was not read yet. */
  position: () => FollowOptions['from']
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/**
 * How far it is safe to say we are.
 *
 * Where a channel enriches events, one of several records comes as several under one replay id, and a response may end in the middle of them;
 * a stream that started after that id would skip the others. So an id that may still go on is not given away before another one follows:
 * that of a response which used up all we had asked for, or one that came twice already. Coming again costs nothing but the delivery.
 */
const reachedBy = (responses: readonly FetchResponse[], before: Uint8Array | undefined): Uint8Array | undefined => {
  const last = responses.findLast(({ events, latestReplayId }) => events.length > 0 || latestReplayId.length > 0)
  if (!last || last.events.length === 0) return last?.latestReplayId
  const ids = responses.flatMap(({ events }) => events.map(({ replayId }) => replayId))
  const newest = ids.at(-1)
  if (!newest) return undefined
  const earlier = ids.findLast((id) => !sameBytes(id, newest))
  const previous = ids.at(-2) ?? before
  const mayGoOn = last.pendingNumRequested === 0 || (previous !== undefined && sameBytes(previous, newest))
  return mayGoOn ? (earlier ?? before ?? newest) : newest
}

/** Outages and lost rights to log in end the stream; anything else is about this one schema, and its events can be read without it. */
const isAboutSchema = (error: unknown): boolean =>
  !(error instanceof EventError) || error.kind === 'missing' || error.kind === 'forbidden' || error.kind === 'refused'

/** Turns the responses of a stream into batches. Each event is read by the schema that it names, which may change in the middle of a stream. */
export const createBatchReader = (connection: Connection, clock: Clock, from: FollowOptions['from']): BatchReader => {
  const schemas = new Map<string, EventSchema>()
  let position = from

  const fetchSchema = async (schemaId: string): Promise<EventSchema> => {
    try {
      const { schemaJson } = await connection.ask(methods.GetSchema, { schemaId }, `schema ${schemaId}`)
      return readEventSchema(schemaJson)
    } catch (error) {
      if (isAboutSchema(error)) return presumedSchema
      throw error
    }
  }
  const schemaOf = async ({ event }: ConsumerEvent): Promise<EventSchema> => {
    const id = event?.schemaId ?? ''
    const known = schemas.get(id)
    if (known) return known
    const schema = await fetchSchema(id)
    schemas.set(id, schema)
    return schema
  }

  return {
    position: () => position,
    read: async (responses) => {
      const hints: EventBatch['hints'][number][] = []
      for (const { events } of responses)
        for (const event of events) hints.push(readHint(event, await schemaOf(event), clock.now()))
      const reached = reachedBy(responses, typeof position === 'string' ? undefined : position)
      if (!reached) return undefined
      position = copyOf(reached)
      return { hints, replayId: position }
    },
  }
}
