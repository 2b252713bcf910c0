import { to18 } from '../record-id.ts'
import type { ChangeHint } from './api.ts'
import { changedFieldsIn } from './changed-fields.ts'
import type { EventHeader, EventSchema } from './event-schema.ts'
import type { ConsumerEvent } from './protocol.ts'

/**
 * The records an event names, in 18 characters. An overflow has `000000000000000AAA` for an id, an event about a whole object one such as
 * `003*` (Change Data Capture guide, Overflow Events, Gap Events): as soon as one is not a record's, not all are known.
 */
const recordIdsIn = ({ changeType, recordIds }: EventHeader): readonly string[] => {
  const ids = recordIds.map(to18)
  const named = ids.every((id) => /^[a-zA-Z0-9]{18}$/.test(id) && !id.startsWith('000000000000000'))
  return named && changeType !== 'GAP_OVERFLOW' ? [...new Set(ids)] : []
}

/** A cleared field and one sent as a difference have changed as much as any other. Other types than UPDATE say nothing of fields. */
const changedIn = (schema: EventSchema, header: EventHeader): readonly string[] | undefined =>
  header.changeType === 'UPDATE'
    ? changedFieldsIn(schema.fields, [...header.changedFields, ...header.nulledFields, ...header.diffFields])
    : undefined

/** Bytes of a message are a view that would keep the whole message in memory. */
export const copyOf = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)

/** The error would say where in the bytes it is, and may quote them; that nothing could be read is all that matters. */
const headerOf = (schema: EventSchema, payload: Buffer): EventHeader | undefined => {
  try {
    return schema.readHeader(payload)
  } catch {
    return undefined
  }
}

/**
 * What an event says. One that cannot be read is told of all the same, since something changed.
 * @param arrivedAt milliseconds since 1970
 */
export const readHint = ({ event, replayId }: ConsumerEvent, schema: EventSchema, arrivedAt: number): ChangeHint => {
  const header = headerOf(schema, event?.payload ?? Buffer.alloc(0))
  return {
    // Never seen without an id; should it happen, the place in the stream tells events apart as well.
    eventId: event?.id || Buffer.from(replayId).toString('hex'),
    replayId: copyOf(replayId),
    object: header?.entityName ?? '',
    recordIds: header ? recordIdsIn(header) : [],
    changeType: header?.changeType ?? 'UNDECODABLE',
    committedAt: header ? Number(header.commitTimestamp) : arrivedAt,
    commitUser: header?.commitUser ?? '',
    changeOrigin: header?.changeOrigin ?? '',
    changedFields: header && changedIn(schema, header),
  }
}
