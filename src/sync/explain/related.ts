/** The records beside the one that is explained: memberships of a person or organization, both ends of a membership. */
import type { Query } from '../../db/database.ts'
import type { Entity } from '../../model/model.ts'
import { findLinks, type KnownMember, type KnownRecord, readMembers, readRecords } from '../mirror/explain.ts'
import type { Related } from './explanation.ts'
import { nameOf } from './names.ts'

/** So many are shown; of an organization with thousands of members the others are not even read. */
const most = 20

const stateOf = ({ deletedAt, parkedCode, salesforceId }: KnownMember): string =>
  parkedCode !== null
    ? `parked: ${parkedCode}`
    : deletedAt !== null
      ? 'ended'
      : salesforceId === null
        ? 'not in Salesforce'
        : 'active'

const members = async (query: Query, entity: 'person' | 'organization', id: string): Promise<Related[]> => {
  const rows = await readMembers(query, entity, id, most)
  const other = (row: KnownMember): string => (entity === 'person' ? row.organizationId : row.personId)
  const records = await readRecords(query, rows.map(other))
  return rows.map((row) => {
    const record = records.find((one) => one.id === other(row) && one.side === 'clerk')
    const name = record && nameOf(record)
    const text = `${name === undefined ? '' : `${name} `}${other(row)}, ${stateOf(row)}`
    return { entity: 'membership', clerkId: row.id, salesforceId: row.salesforceId, text }
  })
}

const ends = async (query: Query, { personId, organizationId }: KnownRecord, now: number): Promise<Related[]> => {
  const related: Related[] = []
  const wanted = [personId, organizationId].filter((id) => id !== null)
  const records = await readRecords(query, wanted)
  for (const id of wanted) {
    const record = records.find((one) => one.id === id && one.side === 'clerk')
    const [link] = await findLinks(query, id, now)
    const entity: Entity = id === personId ? 'person' : 'organization'
    related.push({
      entity,
      clerkId: id,
      salesforceId: link?.salesforceId ?? null,
      text: (record && nameOf(record)) ?? '',
    })
  }
  return related
}

/** @param clerk the record itself, on Clerk's side */
export const relatedOf = async (
  query: Query,
  entity: Entity,
  clerk: KnownRecord | undefined,
  now: number,
): Promise<Related[]> => {
  if (!clerk || entity === 'invitation') return []
  return entity === 'membership' ? ends(query, clerk, now) : members(query, entity, clerk.id)
}
