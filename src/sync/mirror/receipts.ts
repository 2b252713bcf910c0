/** Receipts of erasures: what was removed and what became of it in Salesforce. Ids and counts; no personal data. */
import type { Query } from '../../db/database.ts'
import type { Removed } from './erase.ts'
import type { ErasedRecord } from './erased.ts'

export type Receipt = {
  receipt: string
  person: string
  /** In ms. */
  at: number
  /** Rows removed or emptied, by table. */
  removed: Removed
  /** `endedAt`: null while the search goes on. */
  inbox: { searched: number; endedAt: number | null }
  salesforce: readonly ErasedRecord[]
  /** Records that Salesforce has yet to be written to, or be asked about. */
  pending: number
}

// An erased link that is dirty has not been dealt with since; one that is parked is no longer dirty.
const find = `
  select e.id as receipt, e.person_id as person, e.at, e.removed, e.searched, e.ended_at as "endedAt", e.salesforce, (
    select count(*)::integer from clerkforce.dirty d join clerkforce.link l on l.id = d.link_id
    where l.erased and ((l.entity = 'person' and l.clerk_id = e.person_id) or (l.entity = 'membership' and l.clerk_id in (
      select r.id from clerkforce.record r where r.person_id = e.person_id)))) as pending
  from clerkforce.erasure e where e.id = $1`

type Row = Omit<Receipt, 'inbox' | 'salesforce'> & {
  searched: number
  endedAt: number | null
  salesforce: { readonly [clerkId: string]: ErasedRecord }
}

/** A receipt as things stand now; undefined when there is none of this id. */
export const readReceipt = async (query: Query, receipt: string): Promise<Receipt | undefined> => {
  const [row] = await query<Row>(find, [receipt])
  if (!row) return undefined
  const { searched, endedAt, salesforce, ...rest } = row
  // The Contact before its relations.
  const records = Object.entries(salesforce).sort(([a], [b]) => Number(b === row.person) - Number(a === row.person))
  return { ...rest, inbox: { searched, endedAt }, salesforce: records.map(([, record]) => record) }
}
