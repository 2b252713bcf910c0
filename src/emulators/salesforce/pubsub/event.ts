import type { Value } from '../store.ts'

/** What happened; `SNAPSHOT` is in real schemas, reserved for the future. The order is that of the Avro enum. */
export const changeTypes = [
  'CREATE',
  'UPDATE',
  'DELETE',
  'UNDELETE',
  'GAP_CREATE',
  'GAP_UPDATE',
  'GAP_DELETE',
  'GAP_UNDELETE',
  'GAP_OVERFLOW',
  'SNAPSHOT',
] as const
export type ChangeType = (typeof changeTypes)[number]

/** A change event as the log keeps it: plain JSON, before it is encoded for one subscriber. */
export type ChangeEvent = {
  kind: 'change'
  /** The same for every delivery of the event, whatever its replay id. */
  id: string
  entity: string
  schemaId: string
  recordIds: readonly string[]
  changeType: ChangeType
  changeOrigin: string
  transactionKey: string
  sequenceNumber: number
  commitTimestamp: number
  /** A whole number that may not fit a double. */
  commitNumber: string
  commitUser: string
  /** By field of the object: all of a new or restored record, what changed in an update, nothing otherwise. */
  values: Readonly<Record<string, Value>>
  /** Which of the values are unified diffs. */
  diffs: readonly string[]
  /** Of a Person Account: its name is a record instead of a text. */
  person: boolean
  /** On which channels it is, and with which of its records: a filter may let only some pass, or none. */
  channels: Readonly<Record<string, readonly string[]>>
}

/** An event that a client published. */
export type PlatformEvent = {
  kind: 'platform'
  id: string
  topic: string
  schemaId: string
  /** Avro, in base64. */
  payload: string
}

export type StoredEvent = ChangeEvent | PlatformEvent
