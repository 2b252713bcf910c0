/** Which lines of the journal can be undone, and several of them as one. */
import type { Query } from '../../db/database.ts'
import type { Entity, Side, Value } from '../../model/model.ts'
import { objectOf } from '../plan/mapping.ts'

/** A line of the journal beside its link as it is now. */
export type UndoLine = {
  id: number
  at: number
  linkId: number | null
  side: Side
  kind: string
  salesforceId: string | null
  fields: { readonly [place: string]: { before: Value; after: Value } }
  result: string
  entity: Entity | null
  clerkId: string | null
  pairedWith: string | null
  erased: boolean | null
}

const columns = `
  select c.id, c.at, c.link_id as "linkId", c.side, c.kind, c.salesforce_id as "salesforceId", c.fields, c.result,
    l.entity, l.clerk_id as "clerkId", l.salesforce_id as "pairedWith", l.erased
  from clerkforce.change c left join clerkforce.link l on l.id = c.link_id`

/** Lines by number, newest first. */
export const readUndoLines = (query: Query, ids: readonly number[]): Promise<UndoLine[]> =>
  query<UndoLine>(`${columns} where c.id = any($1) order by c.id desc`, [ids])

const decided = 'it is a decision, and wrote no values'
const faults: { readonly [kind: string]: (line: UndoLine) => string } = {
  create: ({ clerkId, entity, salesforceId }) =>
    `it made ${objectOf[entity ?? 'person']} ${salesforceId}, which had no values before. To take the pair apart: clerkforce unlink ${clerkId}; to have it gone, delete it in Salesforce`,
  delete: ({ entity, salesforceId, linkId }) =>
    `it deleted ${objectOf[entity ?? 'person']} ${salesforceId}: undelete it from Salesforce's recycle bin, then: clerkforce retry ${linkId}`,
  end: ({ clerkId }) =>
    `it says in Salesforce that ${clerkId} ended in Clerk, which stays true: bring it back in Clerk, or change the policy in the mapping`,
  unpair: ({ clerkId }) =>
    `it took the Clerk id off a record that lost its pair: clerkforce link ${clerkId} <Salesforce id>`,
  link: ({ clerkId }) => `${decided}: clerkforce unlink ${clerkId}`,
  unlink: ({ clerkId }) => `${decided}: clerkforce link ${clerkId} <Salesforce id>`,
  invite: () => 'the invitation has gone out: revoke it in Clerk',
}
const written: ReadonlySet<string> = new Set(['update', 'adopt', 'undo'])

/** So many changes of a run are undone at one time. */
export const mostOfRun = 10_000

/**
 * What a run has written: what was live meanwhile is not of it. Those of records of which nothing was undone since come first, so that a large run
 * is undone part by part. One more than `mostOfRun` where there are more.
 */
export const linesOfRun = async (query: Query, runId: number, most: number = mostOfRun): Promise<number[]> => {
  const rows = await query<{ id: number }>(
    `select c.id from clerkforce.change c left join lateral (
       select 1 as done from clerkforce.change u where u.link_id = c.link_id and u.id > c.id and u.kind = 'undo' and u.result = 'done' limit 1) u on true
     where c.run_id = $1 and c.result = 'done' and c.kind in ('update', 'adopt')
     order by u.done nulls first, c.id desc limit $2`,
    [runId, most + 1],
  )
  return rows.map(({ id }) => id)
}

/** Why a line cannot be undone; undefined where it can. */
export const lineFault = (line: UndoLine): string | undefined => {
  const { kind, result, linkId, clerkId, entity, erased, side, pairedWith, salesforceId, fields } = line
  if (erased) return 'the person was erased: the values are not kept'
  const fault = faults[kind]
  if (fault && (result === 'done' || kind === 'link' || kind === 'unlink')) return fault(line)
  if (!written.has(kind)) return `${decided}: there is nothing to go back to`
  if (result !== 'done') return `it was refused (${result}), so nothing was written`
  if (linkId === null || clerkId === null || entity === null || entity === 'invitation')
    return 'it was not written to a pair of a user, an organization or a membership'
  if (side === 'salesforce' && pairedWith !== salesforceId)
    return `${clerkId} is linked to ${pairedWith ?? 'nothing'} now, and not to ${salesforceId}, which it was written to`
  return Object.keys(fields).length === 0 ? 'it changed no field' : undefined
}

/** What is undone at one time: values of one record on one side, from one or several lines. */
export type UndoUnit = {
  /** Newest first. */
  changes: readonly number[]
  line: UndoLine
  fields: { readonly [place: string]: { before: Value; after: Value } }
  refused: string | undefined
}

/** From what is there now to what was there before the oldest line; a gap between two lines ends the way back. */
const fold = (lines: readonly UndoLine[]): UndoUnit['fields'] => {
  const fields: Record<string, { before: Value; after: Value }> = {}
  for (const line of lines)
    for (const [place, { before, after }] of Object.entries(line.fields)) {
      const newer = fields[place]
      if (!newer) fields[place] = { before, after }
      else if (newer.before === after) fields[place] = { before, after: newer.after }
    }
  return fields
}

/** Lines, newest first, record by record; each that cannot be undone by itself. */
export const unitsOf = (lines: readonly UndoLine[]): UndoUnit[] => {
  const refused = lines.flatMap((line) => {
    const fault = lineFault(line)
    return fault === undefined ? [] : [{ changes: [line.id], line, fields: {}, refused: fault }]
  })
  const good = Map.groupBy(
    lines.filter((line) => lineFault(line) === undefined),
    ({ linkId, side }) => `${linkId} ${side}`,
  )
  const units = [...good.values()].flatMap((all) => {
    const [line] = all
    return line ? [{ changes: all.map(({ id }) => id), line, fields: fold(all), refused: undefined }] : []
  })
  return [...units, ...refused]
}
