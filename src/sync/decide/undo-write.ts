/** Asks for a record as it is now, and writes values back into it; each write is settled with its line of the journal in one transaction. */
import { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import type { Clock } from '../../clock.ts'
import type { Database, Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import { type Body, type Fields, type Observation, readPath, type Value } from '../../model/model.ts'
import type { QueriedRecord } from '../../salesforce/api.ts'
import { inList } from '../../salesforce/soql.ts'
import type { ClerkRow } from '../mirror/context.ts'
import { heldCode, heldReason } from '../mirror/decisions.ts'
import { lookAgain } from '../mirror/dirty.ts'
import { heldFrom, keyIn, readFields } from '../mirror/from-salesforce.ts'
import { observeClerk } from '../mirror/observe.ts'
import { observeSalesforce } from '../mirror/observe-salesforce.ts'
import type { Held } from '../mirror/settle.ts'
import type { PacedApi } from '../pace/paced-api.ts'
import { keyOf, objectOf, type Rules } from '../plan/mapping.ts'
import { canonical, type FieldKind } from '../plan/value.ts'
import { clerkWrites, readClerkNow } from '../write/clerk-patch.ts'
import type { Leased } from './undo-lease.ts'
import type { UndoUnit } from './undo-lines.ts'

type Options = { db: Database; api: PacedApi; clerk: ClerkClient | undefined; rules: Rules; clock: Clock }

/** A record as its side shows it now. */
export type Seen = {
  /** What a place holds, in the form of a value that it is compared with. */
  valueAt: (place: string, like: Value) => Value
  /** How values of a place are compared. */
  kindOf: (place: string) => FieldKind
  /** Of Salesforce; empty for Clerk. */
  fields: Fields
  /** Of Clerk; empty for Salesforce. */
  body: Body
  held: Held | undefined
  row: ClerkRow | undefined
  observed: readonly Observation[]
}

/** The kind of a field that no rule has any more. */
const kindLike = (value: Value): FieldKind =>
  typeof value === 'boolean' ? 'boolean' : typeof value === 'number' ? 'number' : 'text'

/** Fields to ask for: those of the rules, and those that the line is about. */
const kindsOf = ({ line, fields }: UndoUnit, rules: Rules): Map<string, FieldKind> => {
  const kinds = new Map(readFields(line.entity ?? 'person', rules))
  for (const [field, { before, after }] of Object.entries(fields))
    if (!kinds.has(field)) kinds.set(field, kindLike(after ?? before))
  return kinds
}

const seenIn = (row: QueriedRecord, kinds: ReadonlyMap<string, FieldKind>, asOf: number): Seen => {
  const held = heldFrom(row, kinds, asOf)
  return {
    valueAt: (field) => held.fields[field] ?? null,
    kindOf: (field) => kinds.get(field) ?? 'text',
    fields: held.fields,
    body: {},
    held,
    row: undefined,
    observed: [],
  }
}

/**
 * Records of one kind that lines of Salesforce were written to, as Salesforce shows them now, with one call for all of them: a run may have
 * written ten thousand, and a call for each would use up the day's. What is not among them is gone.
 */
export const seeTogether = async (
  { api, rules, clock }: Pick<Options, 'api' | 'rules' | 'clock'>,
  units: readonly UndoUnit[],
): Promise<ReadonlyMap<UndoUnit, Seen>> => {
  const [first] = units
  if (!first) return new Map()
  const asOf = clock.now()
  const kinds = new Map(units.map((unit) => [unit, kindsOf(unit, rules)]))
  const list = new Set(['Id', 'SystemModstamp', ...[...kinds.values()].flatMap((of) => [...of.keys()])])
  const ids = [...new Set(units.map(({ line }) => line.pairedWith ?? ''))]
  const object = objectOf[first.line.entity ?? 'person']
  const [rows = []] = await api.query([`SELECT ${[...list].join(', ')} FROM ${object} WHERE Id IN ${inList(ids)}`])
  const byId = new Map(rows.map((row) => [row.Id.slice(0, 15), row]))
  return new Map(
    units.flatMap((unit) => {
      const row = byId.get((unit.line.pairedWith ?? '').slice(0, 15))
      return row ? [[unit, seenIn(row, kinds.get(unit) ?? new Map(), asOf)] as const] : []
    }),
  )
}

const rowOf = `
  select id, body, version, deleted_at as "deletedAt", person_id as "personId", organization_id as "organizationId"
  from clerkforce.record where side = 'clerk' and entity = $1 and id = $2`

const seeInClerk = async ({ db, clerk, clock }: Options, { line }: UndoUnit): Promise<Seen | undefined> => {
  const entity = line.entity ?? 'person'
  const [row] = await db.query<ClerkRow>(rowOf, [entity, line.clerkId])
  const observed = row && clerk ? await readClerkNow(clerk, entity, row, clock.now()) : undefined
  const body = observed?.find(({ id }) => id === line.clerkId)?.body
  if (!row || !observed || !body) return undefined
  const valueAt = (place: string, like: Value): Value => canonical(readPath(body, place), kindLike(like))
  return { valueAt, kindOf: () => 'text', fields: {}, body, held: undefined, row, observed }
}

/** The record on the side that a line was written to; undefined where it is gone. */
export const seeRecord = async (options: Options, unit: UndoUnit): Promise<Seen | undefined> =>
  unit.line.side === 'salesforce' ? (await seeTogether(options, [unit])).get(unit) : seeInClerk(options, unit)

export type Writing = {
  unit: UndoUnit
  seen: Seen
  back: Fields
  /** Fields that the rule would write again: the link is held because of them. */
  holds: readonly string[]
  leased: Leased
}

/** `refused`: in the words of the side; nothing was written then. */
export type Written = { refused: string | undefined }

const reasonOf = (changes: readonly number[]): string =>
  changes.length === 1 ? `a person undid change ${changes[0]}` : `a person undid changes ${changes.join(', ')}`

const journal = `
  insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result, detail)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

const tell = async (
  query: Query,
  { unit, seen, back }: Writing,
  now: number,
  failure?: { code: string; message: string },
): Promise<void> => {
  const { line, changes } = unit
  const reason = reasonOf(changes)
  // Asked after the record was observed, which waits for whoever erases: either he finds this line, or it is known here that there are no values
  // to be kept.
  const [link] = await query<{ erased: boolean }>('select erased from clerkforce.link where id = $1', [line.linkId])
  const erased = link?.erased === true
  const fields = Object.fromEntries(
    Object.entries(back).map(([place, after]) => [
      place,
      erased ? { before: null, after: null, why: reason } : { before: seen.valueAt(place, after), after, why: reason },
    ]),
  )
  await query(journal, [
    now,
    line.linkId,
    line.side,
    'undo',
    line.pairedWith,
    reason,
    toJsonb(fields),
    failure?.code ?? 'done',
    erased ? null : (failure?.message ?? null),
  ])
}

const stillHeld = 'select 1 from clerkforce.dirty where link_id = $1 and leased_by = $2 for update'

const freed = `
  update clerkforce.dirty set leased_by = null, due_at = $3, look = look or $4 where link_id = $1 and leased_by = $2 returning 1`

/**
 * Gives the link back; whoever has taken it meanwhile (an erasure, a decision) has to look at what was written all the same, and what
 * an erasure has done already is done again (erase.ts empties the base likewise).
 */
const release = async (query: Query, { linkId, lease }: Leased, now: number, look: boolean): Promise<void> => {
  if ((await query(freed, [linkId, lease, now, look])).length > 0) return
  await lookAgain(query, [linkId], now)
  await query(
    `update clerkforce.link set base = base - '${keyOf.person}' where id = $1 and entity = 'person' and erased`,
    [linkId],
  )
}

/** The lease ends with the write: the writer goes on from what was observed, or the link is set aside for a person. */
const end = async (query: Query, { unit, holds, leased }: Writing, now: number, look: boolean): Promise<void> => {
  const { line, changes } = unit
  const isOurs = (await query(stillHeld, [leased.linkId, leased.lease])).length > 0
  if (holds.length === 0 || !isOurs) return release(query, leased, now, look)
  const [changeId = 0] = changes
  const reason = heldReason({ changeId, fields: holds })
  await query(
    `insert into clerkforce.hold as mine (link_id, change_id, fields, at) values ($1, $2, $3, $4)
     on conflict (link_id) do update set change_id = excluded.change_id, at = excluded.at,
       fields = array(select distinct unnest(mine.fields || excluded.fields) order by 1)`,
    [leased.linkId, changeId, holds, now],
  )
  await query('delete from clerkforce.dirty where link_id = $1 and leased_by = $2', [leased.linkId, leased.lease])
  await query('update clerkforce.link set parked_at = $2, parked_code = $3, parked_reason = $4 where id = $1', [
    leased.linkId,
    now,
    heldCode,
    reason,
  ])
  await query(journal, [now, leased.linkId, line.side, 'park', line.pairedWith, reason, '{}', heldCode, null])
}

/** @throws SalesforceError when the whole call failed; after a lost answer it may be written, and the link is looked at */
export const writeSalesforce = async ({ db, api, clock }: Options, writing: Writing): Promise<Written> => {
  const { unit, seen, back } = writing
  const entity = unit.line.entity ?? 'person'
  const { held } = seen
  if (!held) return { refused: 'it was not seen' }
  const [answers = []] = await api.write([
    { kind: 'update', object: objectOf[entity], rows: [{ Id: held.id, ...back }] },
  ])
  const [answer] = answers
  const now = clock.now()
  if (!answer?.ok) {
    const failure = answer ?? { code: 'NO_RESULT', message: 'Salesforce gave no result' }
    await db.transaction(async (query) => {
      await tell(query, writing, now, failure)
      await release(query, writing.leased, now, true)
    })
    return { refused: `Salesforce refuses it: ${failure.message} (${failure.code})` }
  }
  await db.transaction(async (query) => {
    const fields = { ...held.fields, ...back }
    const key = keyIn(entity, held)
    await observeSalesforce(
      query,
      entity,
      [{ ...held, fields, asOf: now, clerkId: typeof key === 'string' ? key : null }],
      now,
    )
    await tell(query, writing, now)
    await end(query, writing, now, false)
  })
  return { refused: undefined }
}

/** @throws ClerkError when Clerk cannot be reached; what it refuses is told */
export const writeClerk = async ({ db, clerk, clock }: Options, writing: Writing): Promise<Written> => {
  const { unit, seen, back } = writing
  const { row } = seen
  if (!clerk || !row) return { refused: 'Clerk cannot be asked' }
  const observed = [...seen.observed]
  try {
    for (const write of clerkWrites(clerk, unit.line.entity ?? 'person', row, back)) observed.push(...(await write()))
  } catch (error) {
    if (!(error instanceof ClerkError) || error.kind !== 'refused') throw error
    const now = clock.now()
    await db.transaction(async (query) => {
      await tell(query, writing, now, error)
      await release(query, writing.leased, now, true)
    })
    return { refused: `Clerk refuses it: ${error.message} (${error.code})` }
  }
  await db.transaction(async (query) => {
    const now = clock.now()
    await observeClerk(query, observed, now)
    await tell(query, writing, now)
    await end(query, writing, now, false)
  })
  return { refused: undefined }
}
