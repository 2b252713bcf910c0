/**
 * Looks at Salesforce for links whose other side was never seen, or may not be as we remember: one API call for up to a thousand of them.
 * What it finds decides between create, adopt and update; it is also how an answer that got lost is read back.
 */
import type { Body, Entity, SalesforceState } from '../../model/model.ts'
import type { QueriedRecord } from '../../salesforce/api.ts'
import { inList, quote } from '../../salesforce/soql.ts'
import type { Claim } from '../mirror/dirty.ts'
import { heldFrom, keyIn, readFields, selectList } from '../mirror/from-salesforce.ts'
import type { Held } from '../mirror/settle.ts'
import type { PacedApi } from '../pace/paced-api.ts'
import type { Decision } from '../plan/decision.ts'
import { keyOf, normaliseMatch, objectOf, primaryEmail, type Rules, readMatch } from '../plan/mapping.ts'
import { normaliseEmail } from '../plan/value.ts'

/** What could stand in Salesforce's Email field; `@{` would also be taken for a reference inside a Composite. */
const isAddress = (text: string): boolean => /^[^\s@{}]+@[^\s@{}]+$/.test(text.trim())

/** What a look found for one link. */
export type Sight = {
  salesforce: SalesforceState
  candidates: readonly Held[]
  /** When Salesforce was asked, in ms. */
  asOf: number
}

/** A link to look for; membership: the Contact and Account whose relation it is. */
export type Wanted = {
  claim: Claim
  body: Body
  contactId?: string | undefined
  accountId?: string | undefined
  /** What a person decided about the pair. */
  decision?: Decision | undefined
}

type Asked = Pick<PacedApi, 'query'>

/** Keys in one query: two hundred user ids with as many addresses make some 15,000 characters. */
const keysInQuery = 200
const queriesInCall = 5

const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))

/** Runs any number of queries, five to a call. */
const ask = async (api: Asked, soqls: readonly string[], deleted = false): Promise<QueriedRecord[]> => {
  const rows: QueriedRecord[] = []
  for (const group of chunks(soqls, queriesInCall)) rows.push(...(await api.query(group, { deleted })).flat())
  return rows
}

const condition = (field: string, values: readonly string[]): string[] =>
  values.length > 0 ? [`${field} IN ${inList(values)}`] : []

const pairOf = (contactId: unknown, accountId: unknown): string => `${contactId} ${accountId}`

/** What the records of these links would be found by, each text once. */
export const matchesFor = (entity: Entity, group: readonly Wanted[], rules: Rules): string[] => {
  const { match } = rules.organization
  const texts =
    entity === 'membership'
      ? group.map(({ contactId, accountId }) => pairOf(contactId, accountId))
      : entity === 'person'
        ? group
            .flatMap(({ body }) => (rules.person.adopt ? (primaryEmail(body) ?? []) : []))
            .filter(isAddress)
            .map(normaliseEmail)
        : match
          ? group.map(({ body }) => readMatch(match, body))
          : []
  return [...new Set(texts.filter((text) => text !== ''))]
}

/** What a record of Salesforce is found by, where it carries no Clerk id; null where it cannot be found. */
export const matchIn = (entity: Entity, { fields }: Pick<Held, 'fields'>, rules: Rules): string | null => {
  if (entity === 'membership') return pairOf(fields['ContactId'], fields['AccountId'])
  const { match } = rules.organization
  const value = entity === 'person' ? fields['Email'] : match ? fields[match.field] : null
  if (typeof value !== 'string') return null
  return entity === 'person' || !match ? normaliseEmail(value) : normaliseMatch(match, value)
}

const wheres = (entity: Entity, group: readonly Wanted[], rules: Rules): string[] => {
  const linked = condition(
    'Id',
    group.flatMap(({ claim, decision }) => [claim.salesforceId ?? [], decision?.salesforceId ?? []].flat()),
  )
  if (entity === 'membership')
    return [...condition('ContactId', [...new Set(group.flatMap(({ contactId }) => contactId ?? []))]), ...linked]
  const keyed = condition(
    keyOf[entity],
    group.map(({ claim }) => claim.clerkId),
  )
  const texts = matchesFor(entity, group, rules)
  if (entity === 'person') return [...keyed, ...condition('Email', texts), ...linked]
  const { match } = rules.organization
  if (!match) return [...keyed, ...linked]
  const matched =
    match.as === 'domain'
      ? texts.map((text) => `${match.field} LIKE ${quote(`%${text}%`)}`)
      : condition(match.field, texts)
  return [...keyed, ...matched, ...linked]
}

/** Of records that we are linked to and that no query shows: which are in the recycle bin, and which were merged, into what. */
type Lost = { deleted: ReadonlySet<string>; winners: ReadonlyMap<string, string> }

const findDeleted = async (api: Asked, entity: Entity, ids: readonly string[]): Promise<Lost> => {
  // A relation is never merged: it goes with its Contact.
  const list = entity === 'membership' ? 'Id' : 'Id, MasterRecordId'
  const soqls = chunks(ids, keysInQuery).map(
    (group) => `SELECT ${list} FROM ${objectOf[entity]} WHERE IsDeleted = true AND Id IN ${inList(group)}`,
  )
  const rows = ids.length > 0 ? await ask(api, soqls, true) : []
  const winners = rows.flatMap(({ Id, MasterRecordId }) =>
    typeof MasterRecordId === 'string' ? [[Id, MasterRecordId] as const] : [],
  )
  return { deleted: new Set(rows.map(({ Id }) => Id)), winners: new Map(winners) }
}

export type Index = {
  byKey: Map<string, Held>
  byId: Map<string, Held>
  byPair: Map<string, Held>
  byMatch: Map<string, Held[]>
}

/** Records by what they are found by. */
export const indexOf = (entity: Entity, found: readonly Held[], rules: Rules): Index => {
  const index: Index = { byKey: new Map(), byId: new Map(), byPair: new Map(), byMatch: new Map() }
  for (const held of found) {
    if (index.byId.has(held.id)) continue
    index.byId.set(held.id, held)
    const key = keyIn(entity, held)
    if (typeof key === 'string') index.byKey.set(key, held)
    const text = matchIn(entity, held, rules)
    if (text === null) continue
    if (entity === 'membership') index.byPair.set(text, held)
    if (key !== null || entity === 'membership') continue
    const list = index.byMatch.get(text)
    if (list) list.push(held)
    else index.byMatch.set(text, [held])
  }
  return index
}

const candidatesFor = (entity: Entity, { body, decision }: Wanted, index: Index, rules: Rules): readonly Held[] => {
  if (decision) {
    const decided = index.byId.get(decision.salesforceId ?? '')
    return decided ? [decided] : []
  }
  if (entity === 'person') {
    const email = rules.person.adopt ? primaryEmail(body) : undefined
    return email ? (index.byMatch.get(normaliseEmail(email)) ?? []) : []
  }
  const { match } = rules.organization
  const text = entity === 'organization' && match ? readMatch(match, body) : ''
  return text === '' ? [] : (index.byMatch.get(text) ?? [])
}

const present = (held: Held): SalesforceState => ({
  state: 'present',
  id: held.id,
  fields: held.fields,
  version: held.version,
})

const missing = (id: string | null, deleted: ReadonlySet<string>): SalesforceState => {
  if (id === null) return { state: 'absent' }
  return deleted.has(id) ? { state: 'absent', id } : { state: 'hidden', id }
}

/** Looks for the records of one batch of one entity. Every wanted link gets a sight. */
export const look = async (
  api: Asked,
  entity: Entity,
  wanted: readonly Wanted[],
  rules: Rules,
  now: () => number,
): Promise<Map<number, Sight>> => {
  const asOf = now()
  const kinds = readFields(entity, rules)
  const list = selectList(entity, rules)
  const query = (where: string) => `SELECT ${list} FROM ${objectOf[entity]} WHERE ${where}`
  const soqls = chunks(wanted, keysInQuery).map((group) => query(wheres(entity, group, rules).join(' OR ')))
  const index = indexOf(
    entity,
    (await ask(api, soqls)).map((row) => heldFrom(row, kinds, asOf)),
    rules,
  )

  const lost = wanted.filter(
    ({ claim }) =>
      claim.salesforceId !== null && !index.byId.has(claim.salesforceId) && !index.byKey.has(claim.clerkId),
  )
  const { deleted, winners } = await findDeleted(
    api,
    entity,
    lost.flatMap(({ claim }) => claim.salesforceId ?? []),
  )
  if (winners.size > 0) {
    const rows = await ask(
      api,
      chunks([...winners.values()], keysInQuery).map((ids) => query(`Id IN ${inList(ids)}`)),
    )
    for (const row of rows) index.byId.set(row.Id, heldFrom(row, kinds, asOf))
  }
  return new Map(
    wanted.map((one) => [one.claim.linkId, sightIn(entity, one, index, rules, asOf, { deleted, winners })]),
  )
}

const none: Lost = { deleted: new Set(), winners: new Map() }

/** What an index shows of one link. @param lost of records that were linked and are not in the index */
export const sightIn = (
  entity: Entity,
  one: Wanted,
  index: Index,
  rules: Rules,
  asOf: number,
  { deleted, winners }: Lost = none,
): Sight => {
  const { claim, contactId, accountId } = one
  const linked =
    claim.salesforceId === null
      ? undefined
      : (index.byId.get(claim.salesforceId) ?? index.byId.get(winners.get(claim.salesforceId) ?? ''))
  // A relation of another pair that still has our key comes first: until it is taken off there, it can be put nowhere else.
  const held =
    entity === 'membership'
      ? linked && keyIn(entity, linked) === claim.clerkId
        ? linked
        : index.byPair.get(pairOf(contactId, accountId))
      : (index.byKey.get(claim.clerkId) ?? linked)
  return {
    salesforce: held ? present(held) : linked ? { state: 'absent' } : missing(claim.salesforceId, deleted),
    candidates: held ? [] : candidatesFor(entity, one, index, rules),
    asOf,
  }
}
