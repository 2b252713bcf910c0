/**
 * Erased people stay erased: what is told of them afterwards is not kept, whoever tells it.
 *
 *   observe (Clerk's side)        stores, and empties again in the same transaction     emptyObserved
 *   observe (Salesforce's side)   the same                                              emptySights
 *   settle                        keeps ids and states of the outcome, and no values    bareOutcome
 *   the inbox                     loses the body of a webhook once it was read          read-hints.ts
 *
 * Storing first and asking second looks roundabout, and is what makes it exact. Whoever erases (erase.ts) takes a lock on the table of records
 * that waits for all who have stored, and holds up all who are about to: so either the erasing finds what was stored, or whoever stored finds,
 * with its next statement, that the person is erased. It costs a batch one look into a table of few rows. A claim from before the erasing
 * loses its lease, and with it the right to settle.
 *
 * What stays of a record: ids, times and states that the plan needs, such as the Account that a Contact is on. No name, address or number, no
 * metadata, and nothing that a mapping made of them.
 */
import type { Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Entity, Fields, Observation } from '../../model/model.ts'
import { objectOf, ownFields } from '../plan/mapping.ts'
import type { Entry } from './journal.ts'
import type { Outcome } from './settle.ts'

/** What stays of a record's body on Clerk's side. */
const keptInClerk = ['id', 'role', 'organization_id', 'status', 'expires_at', 'created_at', 'updated_at']

/** What stays of a record's fields on Salesforce's side: those that are clerkforce's own. */
export const keptInSalesforce = (entity: Entity): readonly string[] =>
  ownFields[entity === 'invitation' ? 'person' : entity]

const kept = (fields: Fields, entity: Entity): Fields => {
  const names = keptInSalesforce(entity)
  return Object.fromEntries(Object.entries(fields).filter(([field]) => names.includes(field)))
}

/** SQL that leaves only some keys of a jsonb object. */
export const onlyKeys = (column: string, keys: string): string =>
  `coalesce((select jsonb_object_agg(key, value) from jsonb_each(${column}) where key = any(${keys})), '{}')`

// A membership without public_metadata would make mapping functions throw that rely on it, as on any membership of Clerk's.
const emptyClerk = `
  update clerkforce.record r set deleted_at = coalesce(r.deleted_at, $3), body = case
    when r.entity = 'person' then '{}'
    when r.entity = 'membership' then ${onlyKeys('r.body', '$4')} || '{"public_metadata": {}, "private_metadata": {}}'
    else ${onlyKeys('r.body', '$4')} end
  where (r.side, r.entity, r.id) in (
    select 'clerk', 'person', unnest($1::text[]) union all
    select side, entity, id from clerkforce.record where person_id = any($1) union all
    select 'clerk', 'invitation', unnest($2::text[]))
  returning r.entity, r.id`

/** Empties what the mirror has of these people on Clerk's side, and ends them there; `invitations` are theirs. Returns the records. */
export const emptyClerkRecords = (
  query: Query,
  personIds: readonly string[],
  invitations: readonly string[],
  now: number,
): Promise<{ entity: Entity; id: string }[]> => query(emptyClerk, [personIds, invitations, now, keptInClerk])

/** Marks links as erased: from now on nothing but ids and states is kept of either side. */
export const markErased = async (query: Query, records: readonly { entity: Entity; id: string }[]): Promise<void> => {
  await query(
    `update clerkforce.link l set erased = true from unnest($1::text[], $2::text[]) as done(entity, id)
     where l.entity = done.entity and l.clerk_id = done.id and not l.erased`,
    [records.map(({ entity }) => entity), records.map(({ id }) => id)],
  )
}

/** Which of these people were erased. */
export const erasedPeople = async (query: Query, personIds: readonly string[]): Promise<string[]> => {
  if (personIds.length === 0) return []
  const rows = await query<{ id: string }>(
    'select distinct person_id as id from clerkforce.erasure where person_id = any($1)',
    [[...new Set(personIds)]],
  )
  return rows.map(({ id }) => id)
}

const erasedInvitations = async (query: Query, ids: readonly string[]): Promise<string[]> => {
  if (ids.length === 0) return []
  const rows = await query<{ id: string }>(
    `select clerk_id as id from clerkforce.link where entity = 'invitation' and clerk_id = any($1) and erased`,
    [ids],
  )
  return rows.map(({ id }) => id)
}

const acceptedBy = ({ entity, body }: Observation): string[] => {
  const userId = entity === 'invitation' ? body['user_id'] : undefined
  return typeof userId === 'string' ? [userId] : []
}

/** The people whom observations show, by Clerk's id. */
const peopleIn = (one: Observation): string[] => [
  ...(one.entity === 'person' ? [one.id] : []),
  ...(one.personId === undefined ? [] : [one.personId]),
  ...acceptedBy(one),
]

/** Empties again what was stored of erased people, in the transaction that stored it. Returns the observations that showed them. */
export const emptyObserved = async (
  query: Query,
  observations: readonly Observation[],
  now: number,
): Promise<ReadonlySet<Observation>> => {
  const people = new Set(await erasedPeople(query, observations.flatMap(peopleIn)))
  const shown = observations.filter(({ entity }) => entity === 'invitation')
  const invitations = new Set(
    await erasedInvitations(
      query,
      shown.map(({ id }) => id),
    ),
  )
  if (people.size + invitations.size === 0) return new Set()
  for (const one of shown) if (acceptedBy(one).some((id) => people.has(id))) invitations.add(one.id)
  const emptied = await emptyClerkRecords(query, [...people], [...invitations], now)
  await markErased(query, emptied)
  return new Set(observations.filter((one) => peopleIn(one).some((id) => people.has(id)) || invitations.has(one.id)))
}

const emptySalesforce = `
  update clerkforce.record r set body = ${onlyKeys('r.body', '$3')}
  from (select salesforce_id as id from clerkforce.link where entity = $1 and salesforce_id = any($2) and erased) gone
  where r.side = 'salesforce' and r.entity = $1 and r.id = gone.id
  returning r.id`

/**
 * Empties again what was stored of erased people's records in Salesforce, in the transaction that stored it. Returns their ids: what they
 * look like is no reason for a write any more.
 */
export const emptySights = async (query: Query, entity: Entity, ids: readonly string[]): Promise<Set<string>> => {
  if (ids.length === 0) return new Set()
  const rows = await query<{ id: string }>(emptySalesforce, [entity, ids, keptInSalesforce(entity)])
  return new Set(rows.map(({ id }) => id))
}

/** A line of the journal that tells which fields were written, and none of their values. */
const bareEntry = ({ detail: _, ...entry }: Entry): Entry => ({
  ...entry,
  reason: entry.result === 'done' ? entry.reason : bareReason,
  fields: Object.fromEntries(
    Object.entries(entry.fields).map(([field, one]) => [field, { ...one, before: null, after: null }]),
  ),
})

/** In place of words that may quote a value. */
export const bareReason = 'not kept, because the person was erased'

/** An outcome as it may be stored: of an erased person without any value, in the words of a vendor neither. */
export const bareOutcome = (outcome: Outcome): Outcome => {
  const { claim, held, entries, agreed } = outcome
  if (!claim.erased) return outcome
  const { entity } = claim
  const base = agreed?.base
  return {
    ...outcome,
    ...(held && {
      held: { ...held, fields: kept(held.fields, entity), ...(held.sent && { sent: kept(held.sent, entity) }) },
    }),
    ...(entries && { entries: entries.map(bareEntry) }),
    ...(agreed && { agreed: { ...agreed, base: base ? kept(base, entity) : null } }),
    ...(outcome.end === 'parked' && { reason: `${bareReason}: look at the record in Salesforce, then retry` }),
  } as Outcome
}

const noteOutcome = `
  update clerkforce.erasure set salesforce = salesforce || jsonb_build_object($2::text, $3::jsonb)
  where person_id = $1 and ($4 or not salesforce ? $2::text)`

/** What became of one record in Salesforce. `nothing`: it was left as it is, or there is none. */
export type ErasedRecord = {
  object: string
  id: string | null
  did: 'anonymise' | 'end' | 'delete' | 'nothing'
  /** `done`, or why it is parked: Salesforce's code or ours. */
  result: string
  at: number
}

const didOf = (entity: Entity, kind: string | undefined): ErasedRecord['did'] => {
  if (kind === undefined) return 'nothing'
  if (kind === 'delete') return 'delete'
  return entity === 'person' ? 'anonymise' : 'end'
}

/** Writes to the receipts what became of erased people's records in Salesforce. */
export const noteErased = async (query: Query, outcomes: readonly Outcome[], now: number): Promise<void> => {
  for (const outcome of outcomes) {
    const { claim, entries = [], agreed } = outcome
    if (!claim.erased || claim.entity === 'invitation' || outcome.end === 'released') continue
    const written = entries.find(({ result, side }) => result === 'done' && side === 'salesforce')
    const line: ErasedRecord = {
      object: objectOf[claim.entity],
      id: agreed?.salesforceId ?? claim.salesforceId,
      did: didOf(claim.entity, written?.kind),
      result: outcome.end === 'parked' ? outcome.code : 'done',
      at: now,
    }
    const [person] = await query<{ id: string }>(
      claim.entity === 'person'
        ? 'select $1::text as id'
        : `select person_id as id from clerkforce.record where side = 'clerk' and entity = 'membership' and id = $1`,
      [claim.clerkId],
    )
    await query(noteOutcome, [person?.id ?? null, claim.clerkId, toJsonb(line), line.did !== 'nothing'])
  }
}
