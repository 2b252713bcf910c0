/**
 * From a committed transaction to its change events.
 *
 * A record that came, changed, went or came back makes one change; the same change to several records of one object makes
 * one event with several ids. Sequence numbers count the events of a transaction over all objects, so a subscriber that
 * does not get all of them sees gaps. Beyond 100,000 changes (an update counts each of its fields) one overflow event for
 * each object stands for the rest; an event that is too large is replaced by a gap event. (Change Data Capture guide,
 * ChangeEventHeader Fields, Gap Events, Overflow Events.)
 */
import type { Change, Commit } from '../commits.ts'
import type { ObjectType } from '../schema.ts'
import type { Row, Value } from '../store.ts'
import type { Member } from './channels.ts'
import type { ChangeEvent, ChangeType } from './event.ts'
import { type EventSchema, isLongText } from './event-schema.ts'
import { encodePayload } from './payload.ts'
import { textDiff } from './text-diff.ts'

/** What an overflow event has for a record id (Change Data Capture guide, Overflow Events). */
export const emptyRecordId = '000000000000000AAA'

export type CaptureContext = {
  members: readonly Member[]
  objects: ReadonlyMap<string, ObjectType>
  schemaFor: (object: ObjectType) => EventSchema
  newId: () => string
  transactionKey: string
  commitNumber: bigint
  overflowAfter: number
  diffFrom: number
  maxEventBytes: number
}

type Captured = {
  object: ObjectType
  changeType: ChangeType
  person: boolean
  values: Record<string, Value>
  diffs: string[]
  rows: Row[]
}

const typeOf = ({ before, after }: Change): ChangeType | undefined => {
  const deleted = after['IsDeleted'] === true
  if (!before) return deleted ? undefined : 'CREATE'
  const wasDeleted = before['IsDeleted'] === true
  if (wasDeleted) return deleted ? undefined : 'UNDELETE'
  return deleted ? 'DELETE' : 'UPDATE'
}

const sourcesIn = (schema: EventSchema): string[] =>
  schema.fields.flatMap((field) =>
    'source' in field
      ? [field.source]
      : [...field.parts.map((part) => part.source), ...(field.plain === undefined ? [] : [field.plain])],
  )

const storedValue = (object: ObjectType, row: Row, name: string): Value => {
  const value = row[name] ?? null
  return value === null && object.byName.get(name.toLowerCase())?.type === 'boolean' ? false : value
}

/** Values of the change by field, and which of them are diffs; undefined when nothing changed that an event could tell. */
const contentOf = (
  object: ObjectType,
  schema: EventSchema,
  changeType: ChangeType,
  change: Change,
  { at, diffFrom }: { at: number; diffFrom: number },
): { values: Record<string, Value>; diffs: string[] } | undefined => {
  const { before, after } = change
  if (changeType === 'DELETE') return { values: {}, diffs: [] }
  const sources = sourcesIn(schema)
  const value = (name: string) => storedValue(object, after, name)
  if (changeType !== 'UPDATE' || !before)
    return { values: Object.fromEntries(sources.map((name) => [name, value(name)])), diffs: [] }
  const changed = sources.filter((name) => value(name) !== storedValue(object, before, name))
  if (changed.length === 0) return undefined
  // Stamps have whole seconds: one that stays the same is a change all the same.
  if (!changed.includes('LastModifiedDate') && after['LastModifiedDate'] === Math.floor(at / 1000) * 1000)
    changed.push('LastModifiedDate')
  const diffs: string[] = []
  const values = Object.fromEntries(
    changed.map((name): [string, Value] => {
      const field = object.byName.get(name.toLowerCase())
      const [old, next] = [before[name] ?? null, value(name)]
      if (!field || !isLongText(field) || typeof old !== 'string' || typeof next !== 'string') return [name, next]
      if (next.length < diffFrom) return [name, next]
      const diff = textDiff(old, next)
      if (diff.length >= next.length) return [name, next]
      diffs.push(name)
      return [name, diff]
    }),
  )
  return { values, diffs }
}

const weightOf = (captured: Captured): number =>
  captured.changeType === 'UPDATE' ? Object.keys(captured.values).length : 1

/** Changes of the transaction, same ones together; and the objects whose changes were too many. */
const changesOf = (commit: Commit, context: CaptureContext): { together: Captured[]; overflown: ObjectType[] } => {
  const groups = new Map<string, Captured>()
  const overflown = new Set<ObjectType>()
  let count = 0
  for (const change of commit.changes) {
    const object = context.objects.get(change.object)
    const changeType = typeOf(change)
    if (!object || !changeType) continue
    const schema = context.schemaFor(object)
    const content = contentOf(object, schema, changeType, change, { at: commit.at, diffFrom: context.diffFrom })
    if (!content) continue
    const person = object.name === 'Account' && change.after['IsPersonAccount'] === true
    const captured: Captured = { object, changeType, person, ...content, rows: [change.after] }
    count += weightOf(captured)
    if (count > context.overflowAfter) {
      overflown.add(object)
      continue
    }
    const key = JSON.stringify([object.name, changeType, person, content.values])
    const group = groups.get(key)
    if (group) group.rows.push(change.after)
    else groups.set(key, captured)
  }
  return { together: [...groups.values()], overflown: [...overflown] }
}

const headerOf = (commit: Commit, context: CaptureContext, sequenceNumber: number) => ({
  changeOrigin: commit.origin,
  transactionKey: context.transactionKey,
  sequenceNumber,
  commitTimestamp: Math.floor(commit.at / 1000) * 1000,
  commitNumber: String(context.commitNumber),
  commitUser: commit.userId,
})

const channelsFor = (
  members: readonly Member[],
  object: ObjectType,
  rows: readonly Row[],
  header: Readonly<Record<string, string | number>>,
): Record<string, readonly string[]> =>
  Object.fromEntries(
    members
      .filter((member) => member.object.name === object.name)
      .map(({ channel, filter }): [string, string[]] => [
        channel,
        rows.flatMap((row) => (filter === undefined || filter.passes({ row, header }) ? [row.Id] : [])),
      ])
      .filter(([, ids]) => ids.length > 0),
  )

const shrunk = (event: ChangeEvent, schema: EventSchema, maxEventBytes: number): ChangeEvent => {
  const view = { recordIds: event.recordIds, enrichment: {}, sees: () => true }
  if (encodePayload(event, schema, view).length <= maxEventBytes) return event
  return { ...event, changeType: `GAP_${event.changeType}` as ChangeType, values: {}, diffs: [] }
}

/**
 * The events of a transaction's selected objects. One that every filter holds back is on no channel, and on the topic of
 * its object all the same.
 */
export const captureCommit = (commit: Commit, context: CaptureContext): ChangeEvent[] => {
  if (context.members.length === 0) return []
  const selected = new Set(context.members.map((member) => member.object.name))
  const { together, overflown } = changesOf(commit, context)
  const events = together.flatMap(({ object, changeType, rows, ...content }, i): ChangeEvent[] => {
    if (!selected.has(object.name)) return []
    const header = headerOf(commit, context, i + 1)
    const channels = channelsFor(context.members, object, rows, { ...header, entityName: object.name, changeType })
    const schema = context.schemaFor(object)
    const event: ChangeEvent = {
      kind: 'change',
      id: context.newId(),
      entity: object.name,
      schemaId: schema.id,
      recordIds: rows.map((row) => row.Id),
      changeType,
      ...header,
      ...content,
      channels,
    }
    return [shrunk(event, schema, context.maxEventBytes)]
  })
  const overflows = overflown.flatMap((object, i): ChangeEvent[] => {
    const channels = context.members.filter((member) => member.object.name === object.name)
    if (channels.length === 0) return []
    return [
      {
        kind: 'change',
        id: context.newId(),
        entity: object.name,
        schemaId: context.schemaFor(object).id,
        recordIds: [emptyRecordId],
        changeType: 'GAP_OVERFLOW',
        ...headerOf(commit, context, together.length + i + 1),
        values: {},
        diffs: [],
        person: false,
        channels: Object.fromEntries(channels.map(({ channel }) => [channel, [emptyRecordId]])),
      },
    ]
  })
  return [...events, ...overflows]
}
