/**
 * The last part of erasing: finds the webhooks that tell of the person among any number of them, and takes their bodies away.
 *
 *   for the id  ->  (the addresses that these webhooks show)  ->  for invitations to one of the addresses  ->  ended
 *
 * An invitation knows whom it invites by the address alone, until it is accepted. In the order of their keys, so many at a time; what comes in
 * meanwhile may lie behind, and is emptied when it is read.
 */
import type { Database, Query } from '../../db/database.ts'
import { addressesIn, markOf } from './erase.ts'
import { dropBodies } from './inbox.ts'

/** So many webhooks are looked at in one transaction: a moment's work. */
const hintsAtOnce = 5_000

type Search = { id: string; personId: string; marks: string[]; byAddress: boolean; searchedTo: string }

// Waits for whoever holds the row, another search or a writer that notes its result: to pass it over would look like having nothing to search.
const claim = `
  select id, person_id as "personId", marks, by_address as "byAddress", searched_to as "searchedTo" from clerkforce.erasure
  where ended_at is null order by at limit 1 for update`

const page = `
  select max(delivery_id) as last, count(*)::integer as count
  from (select delivery_id from clerkforce.hint where delivery_id > $1 order by delivery_id limit $2) one`

// Bodies that hold the id at all: PostgreSQL finds them far faster than they could be sent and parsed. One that was not read yet is emptied by
// whoever reads it; the addresses in it are wanted now.
const withId = `
  select delivery_id as "deliveryId", body from clerkforce.hint
  where delivery_id > $1 and delivery_id <= $2 and body is not null
    and position(convert_to($3, 'UTF8') in body) > 0`

// Whoever reads one of these does not know whose it is, so it is not left to be read.
const invitations = `
  select delivery_id as "deliveryId", body from clerkforce.hint
  where delivery_id > $1 and delivery_id <= $2 and type like 'organizationInvitation.%' and body is not null`

type Suspect = { deliveryId: string; body: Buffer }

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null

/** Objects within a piece of JSON, the outermost first. */
const objectsIn = (value: unknown): { readonly [key: string]: unknown }[] =>
  isObject(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : []

const parse = ({ body }: Suspect): unknown => {
  try {
    return JSON.parse(body.toString('utf8').replace(/^\uFEFF/, ''))
  } catch {
    return undefined
  }
}

/** Whether it is about the person: that the person has made an organization is not. What is no JSON has no parts to tell apart. */
const tellsOf = (json: unknown, personId: string): boolean =>
  json === undefined || objectsIn(json).some(({ id, user_id }) => id === personId || user_id === personId)

/** The addresses that a webhook about the person shows: a user's, and those by which a membership or an invitation names its user. */
const addressesOf = (json: unknown): string[] =>
  objectsIn(json).flatMap((one) => {
    const named = [one['email_address'], one['identifier']].filter((text) => typeof text === 'string')
    return [...addressesIn([one]), ...named.filter((text) => text.includes('@'))]
  })

type Found = { dropped: number; marks: string[] }

const searchForId = async (query: Query, { id, personId, searchedTo }: Search, last: string): Promise<Found> => {
  const found = (await query<Suspect>(withId, [searchedTo, last, personId]))
    .map((one) => ({ ...one, json: parse(one) }))
    .filter(({ json }) => tellsOf(json, personId))
  return {
    dropped: await dropBodies(
      query,
      found.map(({ deliveryId }) => deliveryId),
    ),
    marks: found.flatMap(({ json }) => addressesOf(json)).map((address) => markOf(id, address)),
  }
}

const readNow = 'update clerkforce.hint set observed_at = $2 where delivery_id = any($1) and observed_at is null'

const searchForAddresses = async (
  query: Query,
  { id, marks, searchedTo }: Search,
  last: string,
  now: number,
): Promise<Found> => {
  const known = new Set(marks)
  const found = (await query<Suspect>(invitations, [searchedTo, last])).filter((one) =>
    addressesOf(parse(one)).some((address) => known.has(markOf(id, address))),
  )
  const deliveryIds = found.map(({ deliveryId }) => deliveryId)
  await query(readNow, [deliveryIds, now])
  return { dropped: await dropBodies(query, deliveryIds), marks: [] }
}

// Each webhook counts once, however often it is looked at.
const advance = `
  update clerkforce.erasure set searched_to = $2, searched = searched + case when by_address then 0 else $3 end,
    removed = removed || jsonb_build_object('hint', coalesce((removed ->> 'hint')::bigint, 0) + $4),
    marks = array(select distinct unnest(marks || $5::text[]))
  where id = $1`

const searchForAddressesNext = `update clerkforce.erasure set by_address = true, searched_to = '' where id = $1`
const end = `update clerkforce.erasure set ended_at = $2, marks = '{}' where id = $1`

const searchSome = async (query: Query, now: number, atOnce: number): Promise<boolean> => {
  const [search] = await query<Search>(claim)
  if (!search) return false
  const { id, byAddress, searchedTo } = search
  const [{ last, count } = { last: null, count: 0 }] = await query<{ last: string | null; count: number }>(page, [
    searchedTo,
    atOnce,
  ])
  if (last !== null) {
    const found = await (byAddress ? searchForAddresses : searchForId)(query, search, last, now)
    await query(advance, [id, last, count, found.dropped, found.marks])
  }
  if (count < atOnce) await (byAddress ? query(end, [id, now]) : query(searchForAddressesNext, [id]))
  return true
}

/** Searches on for the erasure that has waited longest. Returns false when no search is open. */
export const searchInbox = (db: Database, now: number, atOnce: number = hintsAtOnce): Promise<boolean> =>
  db.transaction((query) => searchSome(query, now, atOnce))
