import type { Query } from '../../db/database.ts'
import type { Body, Fields } from '../../model/model.ts'
import type { QueriedRecord } from '../../salesforce/api.ts'
import { readDecisions } from '../mirror/decisions.ts'
import { type Claim, tiers } from '../mirror/dirty.ts'
import type { Held } from '../mirror/settle.ts'
import type { PacedApi } from '../pace/paced-api.ts'
import { clerkName, joined } from '../plan/clerk-name.ts'
import { MappingError, type Rules, readMatch } from '../plan/mapping.ts'
import { look, type Sight } from '../write/look.ts'

/** The entities whose records are adopted. */
export type Adoptable = 'organization' | 'person'
export const adoptables: readonly Adoptable[] = ['organization', 'person']

/** A Salesforce record that matches. */
export type AdoptionCandidate = { id: string; name: string }

/** What would become of one Clerk record that is not linked yet. Personal data: for whoever asked alone. */
export type AdoptionRow = {
  entity: Adoptable
  clerkId: string
  name: string
  /**
   * `match`: one record matches, and would be adopted; `key`: one carries the Clerk id already; `ambiguous`: several match, and a person has to
   * say which; `none`: a new one would be made; `decided`, `apart`: a person has said so; `failed`: the mapping cannot be asked about it.
   */
  outcome: 'match' | 'key' | 'ambiguous' | 'none' | 'decided' | 'apart' | 'failed'
  /** What they match by; null where nothing does. */
  rule: string | null
  /** The record that it would be linked to; null where none is, or a person has to say which. */
  salesforceId: string | null
  candidates: readonly AdoptionCandidate[]
}

export type AdoptionPage = {
  rows: readonly AdoptionRow[]
  /** Ask again after this Clerk id; null at the end. */
  next: string | null
}

export type AdoptionOptions = { query: Query; api: PacedApi; rules: Rules; now: () => number }

/** One page is what one look takes. */
export const adoptionsAtOnce = 1_000

type Unlinked = { linkId: number; clerkId: string; body: Body }

const unlinked = `
  select l.id as "linkId", l.clerk_id as "clerkId", r.body from (
    select id, clerk_id from clerkforce.link
    where entity = $1 and clerk_id > $2 and salesforce_id is null and not erased order by clerk_id limit $3) l,
  lateral (select body, deleted_at from clerkforce.record where side = 'clerk' and entity = $1 and id = l.clerk_id limit 1) r
  where r.deleted_at is null and r.body <> '{}' order by l.clerk_id`

const lastOf = `
  select max(clerk_id) as last, count(*) as count from (
    select clerk_id from clerkforce.link
    where entity = $1 and clerk_id > $2 and salesforce_id is null and not erased order by clerk_id limit $3) l`

const heldName = ({ Name, FirstName, LastName, Email }: Fields): string =>
  joined(Name) || [joined(FirstName, LastName), joined(Email)].filter((one) => one !== '').join(', ')

const candidateOf = ({ id, fields }: Pick<Held, 'id' | 'fields'> & Partial<QueriedRecord>): AdoptionCandidate => ({
  id,
  name: heldName(fields),
})

const asClaim = (entity: Adoptable, { linkId, clerkId }: Unlinked): Claim => ({
  linkId,
  entity,
  clerkId,
  salesforceId: null,
  base: null,
  version: 0,
  attempts: 0,
  look: true,
  tier: tiers.live,
  managed: [],
  erased: false,
  runId: null,
})

/** Whether a mapping function can be asked about it; one that throws would spoil the look of all. */
const isAskable = (entity: Adoptable, { body }: Unlinked, { organization: { match } }: Rules): boolean => {
  if (entity === 'person' || !match) return true
  try {
    readMatch(match, body)
    return true
  } catch (error) {
    if (error instanceof MappingError) return false
    throw error
  }
}

const outcomeOf = (
  sight: Sight | undefined,
  matchedBy: string,
): Pick<AdoptionRow, 'outcome' | 'rule' | 'salesforceId' | 'candidates'> => {
  if (!sight) return { outcome: 'failed', rule: null, salesforceId: null, candidates: [] }
  const { salesforce } = sight
  if (salesforce.state === 'present')
    return { outcome: 'key', rule: 'Clerk id', salesforceId: salesforce.id, candidates: [candidateOf(salesforce)] }
  const candidates = sight.candidates.map(candidateOf)
  const [only, ...others] = candidates
  if (!only) return { outcome: 'none', rule: null, salesforceId: null, candidates }
  return others.length > 0
    ? { outcome: 'ambiguous', rule: matchedBy, salesforceId: null, candidates }
    : { outcome: 'match', rule: matchedBy, salesforceId: only.id, candidates }
}

/**
 * Reports on up to a thousand Clerk records that are not linked, after a Clerk id: one look at Salesforce, and nothing is written anywhere.
 * @throws SalesforceError when Salesforce cannot be asked
 */
export const readAdoption = async (
  { query, api, rules, now }: AdoptionOptions,
  entity: Adoptable,
  after: string,
  limit: number = adoptionsAtOnce,
): Promise<AdoptionPage> => {
  const [end] = await query<{ last: string | null; count: number }>(lastOf, [entity, after, limit])
  const found = await query<Unlinked>(unlinked, [entity, after, limit])
  const decisions = await readDecisions(
    query,
    found.map(({ clerkId }) => clerkId),
  )
  const askable = found.filter((one) => !decisions.has(one.clerkId) && isAskable(entity, one, rules))
  const wanted = askable.map((one) => ({ claim: asClaim(entity, one), body: one.body }))
  const sights = wanted.length > 0 ? await look(api, entity, wanted, rules, now) : new Map<number, Sight>()
  const matchedBy = entity === 'person' ? 'e-mail address' : (rules.organization.match?.field ?? '')
  const rows = found.map((one): AdoptionRow => {
    const { clerkId, linkId, body } = one
    const own = { entity, clerkId, name: clerkName(entity, body) }
    const decision = decisions.get(clerkId)
    if (!decision) return { ...own, ...outcomeOf(sights.get(linkId), matchedBy) }
    const { wanted: is, salesforceId } = decision
    return { ...own, outcome: is === 'apart' ? 'apart' : 'decided', rule: null, salesforceId, candidates: [] }
  })
  return { rows, next: end && end.count === limit ? end.last : null }
}
