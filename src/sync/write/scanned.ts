/**
 * What a scan of Salesforce can say instead of a look: for a link that was never paired and that nobody asks to look for, that there is
 * nothing. Whatever it has shown of people's own records is looked at again before it is adopted: since the scan somebody may have edited it.
 * Relations are an exception: those that a scan shows beside our Contacts, Salesforce has made for us just before.
 */
import type { Query } from '../../db/database.ts'
import type { Entity } from '../../model/model.ts'
import { type Candidate, findCandidates, scannedAt } from '../mirror/candidates.ts'
import type { Held } from '../mirror/settle.ts'
import type { Rules } from '../plan/mapping.ts'
import { indexOf, matchesFor, type Sight, sightIn, type Wanted } from './look.ts'

/** So long a scan counts as a look: what people have made meanwhile is found by its duplicate rules, or by the next reconcile. */
export const scanCountsMs: number = 15 * 60_000

const isOpen = ({ claim, decision }: Wanted): boolean =>
  claim.salesforceId === null && !claim.look && decision?.salesforceId == null

const heldFrom = ({ id, fields, version }: Candidate, asOf: number): Held => ({ id, fields, version, asOf })

/** Sights of all that a scan has shown; for a plan, which writes nothing. @param asOf when the scan began */
export const sightsInScan = async (
  query: Query,
  entity: Entity,
  wanted: readonly Wanted[],
  rules: Rules,
  asOf: number,
): Promise<Map<number, Sight>> => {
  const matches = matchesFor(entity, wanted, rules)
  const keys = wanted.map(({ claim }) => claim.clerkId)
  const candidates = await findCandidates(query, entity, keys, matches)
  const index = indexOf(
    entity,
    candidates.map((one) => heldFrom(one, asOf)),
    rules,
  )
  return new Map(wanted.map((one) => [one.claim.linkId, sightIn(entity, one, index, rules, asOf)]))
}

/** Sights for those of whom a recent scan says enough; all others have to be looked for. */
export const sightsFromScan = async (
  query: Query,
  entity: Entity,
  wanted: readonly Wanted[],
  rules: Rules,
  now: number,
): Promise<Map<number, Sight>> => {
  const open = wanted.filter(isOpen)
  const asOf = open.length > 0 ? await scannedAt(query, entity, now - scanCountsMs) : undefined
  if (asOf === undefined) return new Map()
  const sights = await sightsInScan(query, entity, open, rules, asOf)
  for (const [link, { salesforce, candidates }] of sights)
    if (entity !== 'membership' && (salesforce.state !== 'absent' || candidates.length > 0)) sights.delete(link)
  return sights
}
