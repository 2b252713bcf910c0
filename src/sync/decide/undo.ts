/**
 * Undo: back to the values before a line of the journal, on the side that it was written to, unless they have changed since.
 *
 *   line(s) -> [the record, asked now] -> does each field hold what was written? -> what would the plan make of the old value? -> write, journal
 *
 * - Nothing is written over that somebody changed since: the record is asked right before, and a field that holds anything else is left out.
 * - What happens next is asked of the planner and the merge, with the old value in place, not guessed. A value that they would write again at once is
 *   left out, with advice; `force` writes it all the same and holds the link, so that it stays parked until a person says retry.
 * - The link is leased meanwhile, as for any write; the result is observed, so that the other side follows by the rule of the field.
 */

import { ClerkError } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import type { Entity, Fields, Side, Value } from '../../model/model.ts'
import { readAsClaim } from '../mirror/explain.ts'
import type { PacedApi } from '../pace/paced-api.ts'
import { keyOf, objectOf, type Rules } from '../plan/mapping.ts'
import { sameValue } from '../plan/value.ts'
import { type Foreseen, foreseeInClerk, foreseeInSalesforce } from './undo-foresight.ts'
import { holdLink, type Leased, releaseLink } from './undo-lease.ts'
import { readUndoLines, type UndoUnit, unitsOf } from './undo-lines.ts'
import { type Seen, seeRecord, seeTogether, type Written, writeClerk, writeSalesforce } from './undo-write.ts'

/** What would become, or became, of one field. */
export type UndoneField = {
  field: string
  /** What the record holds now. */
  now: Value
  /** What it goes back to. */
  back: Value
  /**
   * `stays`: on this side alone; `carried`: the other side follows; `parked`: a person is asked; `overwritten`: the rule would write it again at
   * once; `changed`: it was changed since; `same`: it holds that value already.
   */
  outcome: Foreseen['outcome'] | 'changed' | 'same'
  text: string
  /** Whether it is, or was, written back. */
  undone: boolean
}

/** One record on one side. Personal data: for whoever asked alone. */
export type Undone = {
  /** Lines of the journal, newest first. */
  changes: readonly number[]
  link: number | null
  side: Side
  entity: Entity | null
  clerkId: string | null
  salesforceId: string | null
  /** Why nothing of it can be undone, or what went wrong when it was tried. */
  refused: string | null
  fields: readonly UndoneField[]
  /** Whether anything was written. */
  done: boolean
  /** The link is parked until a person says retry. */
  held: boolean
}

export type UndoOptions = {
  db: Database
  api: PacedApi
  /** Undefined where Clerk cannot be asked: then nothing that was written to it is undone. */
  clerk: ClerkClient | undefined
  rules: Rules
  clock: Clock
  /** Names the lease; another one for each call. */
  name: string
}

/** `do`: carry it out; without it, only say what would be done. */
export type UndoRequest = { changes: readonly number[]; do: boolean; force: boolean }

const bare = ({ changes, line, refused }: UndoUnit): Undone => ({
  changes,
  link: line.linkId,
  side: line.side,
  entity: line.entity,
  clerkId: line.clerkId,
  salesforceId: line.pairedWith ?? line.salesforceId,
  refused: refused ?? null,
  fields: [],
  done: false,
  held: false,
})

const sideName: Readonly<Record<Side, string>> = { clerk: 'Clerk', salesforce: 'Salesforce' }

type Judged = { undone: UndoneField[]; back: Fields }

/** Decides field by field, by what the record holds now and by what would come of it. */
const judge = async (options: UndoOptions, unit: UndoUnit, seen: Seen, force: boolean): Promise<Judged> => {
  const { line } = unit
  const entity = line.entity ?? 'person'
  const present: Record<string, Value> = {}
  const fields: UndoneField[] = []
  for (const [field, { before, after }] of Object.entries(unit.fields)) {
    const now = seen.valueAt(field, after)
    const base = { field, now, back: before, undone: false }
    const same = (value: Value): boolean => sameValue(now, value, seen.kindOf(field))
    if (line.side === 'salesforce' && field === keyOf[entity])
      fields.push({
        ...base,
        outcome: 'overwritten',
        text:
          entity === 'membership'
            ? 'it makes the pair, which ends with that of its user: clerkforce unlink takes that one apart'
            : `it makes the pair: clerkforce unlink ${line.clerkId} takes it apart`,
      })
    else if (same(before)) fields.push({ ...base, outcome: 'same', text: 'it holds this value already' })
    else if (!same(after))
      fields.push({
        ...base,
        outcome: 'changed',
        text: `it was changed in ${sideName[line.side]} since: left as it is`,
      })
    else present[field] = before
  }
  const claim = await readAsClaim(options.db.query, line.linkId ?? 0, options.clock.now())
  if (!claim || Object.keys(present).length === 0) return { undone: fields, back: {} }
  const foreseen =
    line.side === 'salesforce'
      ? await foreseeInSalesforce(options, claim, seen, present)
      : await foreseeInClerk(options, claim, seen, present)
  const back: Record<string, Value> = {}
  for (const [field, value] of Object.entries(present)) {
    const { outcome, text } = foreseen(field)
    const undone = outcome !== 'overwritten' || force
    if (undone) back[field] = value
    fields.push({ field, now: seen.valueAt(field, value), back: value, outcome, text, undone })
  }
  return { undone: fields, back }
}

const gone = ({ line }: UndoUnit): string =>
  line.side === 'salesforce'
    ? `Salesforce does not show ${objectOf[line.entity ?? 'person']} ${line.pairedWith} any more`
    : `Clerk does not show ${line.clerkId} any more`

const foresee = async (
  options: UndoOptions,
  unit: UndoUnit,
  force: boolean,
  see: () => Promise<Seen | undefined>,
): Promise<Undone & { seen?: Seen; back: Fields }> => {
  const nothing = { ...bare(unit), back: {} }
  if (unit.refused !== undefined) return nothing
  if (unit.line.side === 'clerk' && !options.clerk)
    return { ...nothing, refused: 'Clerk cannot be asked here: give CLERK_SECRET_KEY' }
  const seen = await see()
  if (!seen) return { ...nothing, refused: gone(unit) }
  const { undone, back } = await judge(options, unit, seen, force)
  return { ...nothing, fields: undone, back, seen }
}

const shown = ({ seen: _, back: __, ...undone }: Undone & { seen?: Seen; back: Fields }): Undone => undone

const carryOut = async (options: UndoOptions, found: UndoUnit, force: boolean): Promise<Undone> => {
  if (found.refused !== undefined || found.line.linkId === null) return bare(found)
  let leased: Leased | undefined = await holdLink(options, found.line.linkId)
  if (!leased) return { ...bare(found), refused: 'another process is at work on this record: try again in a moment' }
  try {
    // Of a whole run it may be minutes since the lines were read: the pair may be another by now, or the person erased.
    const [unit = found] = unitsOf(await readUndoLines(options.db.query, found.changes))
    if (unit.refused !== undefined) return bare(unit)
    const { line } = unit
    const foreseen = await foresee(options, unit, force, () => seeRecord(options, unit))
    const { seen, back, fields } = foreseen
    if (!seen || Object.keys(back).length === 0) return shown(foreseen)
    const holds = fields.filter(({ outcome, undone }) => undone && outcome === 'overwritten').map(({ field }) => field)
    const plan = { unit, seen, back, holds, leased }
    const written: Written =
      line.side === 'salesforce' ? await writeSalesforce(options, plan) : await writeClerk(options, plan)
    leased = undefined
    if (written.refused === undefined) return { ...shown(foreseen), done: true, held: holds.length > 0 }
    return { ...shown(foreseen), fields: fields.map((one) => ({ ...one, undone: false })), refused: written.refused }
  } catch (error) {
    if (!(error instanceof ClerkError)) throw error
    return { ...bare(found), refused: `Clerk: ${error.message}` }
  } finally {
    // What was not settled is looked at again by whoever comes next.
    if (leased) await releaseLink(options, leased)
  }
}

/** Changes that nothing is known of, or that are left for another time. */
export const refusedUndo = (changes: readonly number[], refused: string): Undone => ({
  changes,
  link: null,
  side: 'salesforce',
  entity: null,
  clerkId: null,
  salesforceId: null,
  refused,
  fields: [],
  done: false,
  held: false,
})

/** So many records are asked for in one call. */
const atOnce = 200

/** Units in their order, those next to each other that one call can ask for together. */
const portionsOf = (units: readonly UndoUnit[]): UndoUnit[][] => {
  const portions: UndoUnit[][] = []
  for (const unit of units) {
    const last = portions.at(-1)
    const [like] = last ?? []
    const fits = like?.line.side === unit.line.side && like.line.entity === unit.line.entity
    if (last && fits && last.length < atOnce) last.push(unit)
    else portions.push([unit])
  }
  return portions
}

/** Of Salesforce, only what would go back is taken under a lease, asked for once more, and written. */
const undoPortion = async (
  options: UndoOptions,
  units: readonly UndoUnit[],
  { force, do: does }: UndoRequest,
): Promise<Undone[]> => {
  const inSalesforce = units[0]?.line.side === 'salesforce'
  const asked = inSalesforce ? units.filter(({ refused }) => refused === undefined) : []
  const seen = await seeTogether(options, asked)
  const done: Undone[] = []
  for (const unit of units) {
    const see = inSalesforce ? () => Promise.resolve(seen.get(unit)) : () => seeRecord(options, unit)
    const foreseen = does && !inSalesforce ? undefined : await foresee(options, unit, force, see)
    const rests = foreseen && (!does || Object.keys(foreseen.back).length === 0)
    done.push(rests ? shown(foreseen) : await carryOut(options, unit, force))
  }
  return done
}

/**
 * Undoes lines of the journal, or says what that would do. Several lines of one record are undone as one.
 * @throws SalesforceError when Salesforce cannot be asked: what was done before is in the journal
 */
export const undoChanges = async (options: UndoOptions, request: UndoRequest): Promise<Undone[]> => {
  const { changes } = request
  const lines = await readUndoLines(options.db.query, changes)
  const missing = changes.filter((id) => !lines.some((line) => line.id === id))
  const done = missing.map((id) =>
    refusedUndo([id], `there is no change ${id} in the journal; clerkforce explain shows the numbers of changes`),
  )
  for (const units of portionsOf(unitsOf(lines))) done.push(...(await undoPortion(options, units, request)))
  return done
}
