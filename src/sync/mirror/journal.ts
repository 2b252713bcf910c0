/** The journal: what was written, refused or decided, a line each, in the transaction that makes it so. */
import type { Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Side } from '../../model/model.ts'

/** What a line tells. */
export type Entry = {
  /** The side that was written to. */
  side: Side
  kind: string
  salesforceId: string | null
  reason: string
  /** `rule`: of the mapping, as it was then. */
  fields: { readonly [field: string]: { before: unknown; after: unknown; why: string; rule?: string } }
  result: string
  detail?: string
}

export type Line = {
  /** Null: of what has no link to stand with. */
  linkId: number | null
  entry: Entry
  /** The run that brought it about. */
  runId?: number | null
}

const insert = `
  insert into clerkforce.change (at, link_id, side, kind, salesforce_id, reason, fields, result, detail, run_id)
  select $1, line.*
  from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[], $9::text[], $10::bigint[]) as line`

/** Writes lines, in their order. */
export const writeLines = async (query: Query, lines: readonly Line[], now: number): Promise<void> => {
  if (lines.length === 0) return
  await query(insert, [
    now,
    lines.map(({ linkId }) => linkId),
    lines.map(({ entry }) => entry.side),
    lines.map(({ entry }) => entry.kind),
    lines.map(({ entry }) => entry.salesforceId),
    lines.map(({ entry }) => entry.reason),
    lines.map(({ entry }) => toJsonb(entry.fields)),
    lines.map(({ entry }) => entry.result),
    lines.map(({ entry }) => entry.detail ?? null),
    lines.map(({ runId }) => runId ?? null),
  ])
}
