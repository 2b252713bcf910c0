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

/** Keys in one query: two hundred user ids with as many addresses make some 15,000 characters. */
const keysInQuery = 200
const queriesInCall = 5

const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))

/** Runs any number of queries, five to a call. */
const ask = async (api: PacedApi, soqls: readonly string[], deleted = false): Promise<QueriedRecord[]> => {
  const rows: QueriedRecord[] = []
  for (const group of chunks(soqls, queriesInCall)) rows.push(...(await api.query(group, { deleted })).flat())
  return rows
}

const condition = (field: string, values: readonly string[]): string[] =>
  values.length > 0 ? [`${field} IN ${inList(values)}`] : []

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
  if (entity === 'person') {
    const emails = rules.person.adopt
      ? group
          .flatMap(({ body }) => primaryEmail(body) ?? [])
          .filter(isAddress)
          .map(normaliseEmail)
      : []
    return [...keyed, ...condition('Email', [...new Set(emails)]), ...linked]
  }
  const { match } = rules.organization
  if (!match) return [...keyed, ...linked]
  const texts = [...new Set(group.map(({ body }) => readMatch(match, body)).filter((text) => text !== ''))]
  const matched =
    match.as === 'domain'
      ? texts.map((text) => `${match.field} LIKE ${quote(`%${text}%`)}`)
      : condition(match.field, texts)
  return [...keyed, ...matched, ...linked]
}

/** Of records that we are linked to and that no query shows: which are in the recycle bin, and which were merged, into what. */
const findDeleted = async (
  api: PacedApi,
  entity: Entity,
  ids: readonly string[],
): Promise<{ deleted: Set<string>; winners: Map<string, string> }> => {
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

type Index = {
  byKey: Map<string, Held>
  byId: Map<string, Held>
  byPair: Map<string, Held>
  byMatch: Map<string, Held[]>
}

const indexOf = (entity: Entity, found: readonly Held[], rules: Rules): Index => {
  const index: Index = { byKey: new Map(), byId: new Map(), byPair: new Map(), byMatch: new Map() }
  for (const held of found) {
    if (index.byId.has(held.id)) continue
    index.byId.set(held.id, held)
    const key = keyIn(entity, held)
    if (typeof key === 'string') index.byKey.set(key, held)
    if (entity === 'membership') index.byPair.set(`${held.fields['ContactId']} ${held.fields['AccountId']}`, held)
    if (key !== null || entity === 'membership') continue
    const { match } = rules.organization
    const value = entity === 'person' ? held.fields['Email'] : match ? held.fields[match.field] : null
    if (typeof value !== 'string') continue
    const text = entity === 'person' || !match ? normaliseEmail(value) : normaliseMatch(match, value)
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
  api: PacedApi,
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
  const sights = new Map<number, Sight>()
  for (const one of wanted) {
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
          : index.byPair.get(`${contactId} ${accountId}`)
        : (index.byKey.get(claim.clerkId) ?? linked)
    sights.set(claim.linkId, {
      salesforce: held ? present(held) : linked ? { state: 'absent' } : missing(claim.salesforceId, deleted),
      candidates: held ? [] : candidatesFor(entity, one, index, rules),
      asOf,
    })
  }
  return sights
}
