/** What happened to a record, in the order of time: hints, requests, decisions and writes. */
import type { KnownChange, KnownHint, KnownRequest } from '../mirror/explain.ts'
import type { TimelineLine } from './explanation.ts'
import type { FieldEvent } from './fields.ts'

/** The header of a change event, as the inbox keeps it. */
type Header = {
  changeType: string
  committedAt: number
  commitUser: string
  changedFields: readonly string[] | undefined
}

const headerOf = ({ event }: KnownHint): Header | undefined => {
  if (!event) return undefined
  try {
    return JSON.parse(event.toString('utf8')) as Header
  } catch {
    // What cannot be read is told of by its type alone.
    return undefined
  }
}

/** The change events among hints, newest first, for saying who changed a field. */
export const fieldEvents = (hints: readonly KnownHint[]): FieldEvent[] =>
  hints
    .flatMap((hint) => {
      const header = headerOf(hint)
      return header
        ? [{ at: header.committedAt, fields: header.changedFields, user: header.commitUser || 'somebody' }]
        : []
    })
    .sort((a, b) => b.at - a.at)

/** In every event, and nobody's question. */
const always: ReadonlySet<string> = new Set(['LastModifiedDate', 'LastModifiedById', 'SystemModstamp'])

const eventDetail = (hint: KnownHint): string[] => {
  const header = headerOf(hint)
  if (!header) return []
  const { changedFields, commitUser, committedAt } = header
  const fields = changedFields?.filter((field) => !always.has(field)) ?? []
  const what = fields.length > 0 ? `changed ${fields.join(', ')}` : 'does not name fields'
  // Events may come late; Salesforce's own time is of whole seconds.
  const late = hint.at - committedAt > 2_000 ? `, at ${new Date(committedAt).toISOString()}` : ''
  return [`${what}${commitUser ? `, by user ${commitUser}` : ''}${late}`]
}

const hintLine = (hint: KnownHint): TimelineLine => {
  const { at, type, deliveryId, carried, readAt, problem } = hint
  const isEvent = hint.event !== null || /^[A-Z]/.test(type ?? '')
  const how = carried ? 'carried by' : isEvent ? 'change event' : 'webhook'
  const title = type === null ? 'a hint, pruned since' : `${how} ${type}`
  return {
    at,
    what: 'hint',
    side: isEvent ? 'salesforce' : 'clerk',
    title,
    trouble: problem !== null,
    detail: [
      ...eventDetail(hint),
      ...(problem === null ? [] : [`could not be read: ${problem}`]),
      ...(readAt === null && type !== null ? ['not read yet'] : []),
      deliveryId,
    ],
    fields: [],
  }
}

const sideName = { clerk: 'Clerk', salesforce: 'Salesforce' } as const
const decisions: Readonly<Record<string, string>> = {
  park: 'parked',
  unpark: 'taken up again',
  retry: 'taken up again',
  link: 'linked',
  unlink: 'unlinked',
  look: 'to be looked at again',
  decide: 'decided',
}
const didIn: Readonly<Record<string, string>> = {
  create: 'created in',
  adopt: 'adopted in',
  update: 'updated in',
  end: 'ended in',
  delete: 'deleted from',
  unpair: 'key taken off in',
  invite: 'invited by',
  undo: 'undone in',
}

const changeLine = ({
  id,
  at,
  side,
  kind,
  salesforceId,
  reason,
  fields,
  result,
  detail,
  runId,
}: KnownChange): TimelineLine => {
  const decision = decisions[kind]
  const refused = decision === undefined && result !== 'done'
  const did = `${didIn[kind] ?? `${kind} in`} ${sideName[side]}`
  const title = decision ?? (refused ? `refused by ${sideName[side]}: ${kind}` : did)
  const code = result === 'done' || kind === 'unpark' || kind === 'retry' || kind === 'look' ? '' : ` ${result}`
  const record =
    salesforceId !== null && (kind === 'link' || kind === 'unlink' || kind === 'create') ? ` ${salesforceId}` : ''
  return {
    at,
    what: decision === undefined ? 'write' : 'decision',
    side,
    title: `${title}${record}${code}`,
    ...(decision === undefined && result === 'done' ? { change: id } : {}),
    ...(runId === null ? {} : { run: runId }),
    trouble: refused || kind === 'park',
    detail: [reason, ...(detail === null ? [] : detail.split('\n'))].filter((text) => text !== ''),
    fields: Object.entries(fields).map(([field, { before, after, why, rule }]) => ({
      field,
      before,
      after,
      why,
      rule,
    })),
  }
}

const requestLines = ({
  kind,
  key,
  state,
  round,
  askedAt,
  decidedAt,
  clerkId,
  code,
  reason,
}: KnownRequest): TimelineLine[] => {
  const base = { what: 'request', side: 'salesforce', trouble: false, detail: [], fields: [] } as const
  const again = round > 1 ? ` (time ${round})` : ''
  const outcome = clerkId === null ? state : `${state}: ${clerkId}`
  const why = code === null ? [] : [`${code}: ${reason ?? ''}`]
  return [
    {
      ...base,
      at: askedAt,
      title: `asked for an ${kind}${again}: ${outcome}`,
      trouble: state === 'failed',
      detail: [key, ...why],
    },
    ...(decidedAt === null
      ? []
      : [{ ...base, at: decidedAt, title: state === 'denied' ? 'denied by a person' : 'approved by a person' }]),
  ]
}

/** Everything in the order in which it happened; of what happened at once the hint comes before what came of it. */
export const timelineOf = (
  hints: readonly KnownHint[],
  requests: readonly KnownRequest[],
  changes: readonly KnownChange[],
): TimelineLine[] =>
  [...hints.map(hintLine), ...requests.flatMap(requestLines), ...changes.toReversed().map(changeLine)].sort(
    (a, b) => a.at - b.at,
  )
