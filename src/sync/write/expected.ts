/**
 * Apply: what a person has said yes to is written as it was planned, or not at all. Each claim of the tier of backfills is compared with what is
 * expected of it; while a plan is applied, what is not in it is put back.
 */
import type { Query } from '../../db/database.ts'
import { type Claim, putAside, tiers } from '../mirror/dirty.ts'
import { isApplying, readPrints } from '../mirror/expected.ts'
import { readOwners } from '../mirror/planned.ts'
import type { Plan } from '../plan/plan.ts'
import { printOf, referencesIn } from '../plan/print.ts'

/** Code of a link that was left alone because it was planned otherwise. */
export const CHANGED: string = 'CHANGED'

const changed: Plan = {
  do: 'park',
  code: CHANGED,
  reason:
    'it has changed since it was planned, and was left alone: plan again, or retry it to have it written as it is now',
}

/** Claims as they may be written; those that are not in the plan that is being applied are given back, to be planned another time. */
export const onlyPlanned = async (query: Query, claims: Claim[], lease: string, now: number): Promise<Claim[]> => {
  if (claims[0]?.tier !== tiers.backfill || !(await isApplying(query))) return claims
  const prints = await readPrints(
    query,
    claims.map(({ linkId }) => linkId),
  )
  const aside = claims.filter(({ linkId }) => !prints.has(linkId))
  if (aside.length === 0) return claims
  await putAside(
    query,
    aside.map(({ linkId }) => linkId),
    lease,
    now,
  )
  return claims.filter(({ linkId }) => prints.has(linkId))
}

/** Whether a plan says what is to become of the record; the others only wait. */
const isDecided = (plan: Plan): boolean =>
  plan.do === 'change' || plan.do === 'park' || (plan.do === 'none' && Object.keys(plan.carry?.fields ?? {}).length > 0)

/** Plans as they may be carried out: another one than was expected is none, but for a note that it has changed. */
export const asExpected = async <T extends { plan: Plan; planned: { claim: Claim } }>(
  query: Query,
  decided: readonly T[],
): Promise<readonly T[]> => {
  const [first] = decided
  if (first?.planned.claim.tier !== tiers.backfill) return decided
  const prints = await readPrints(
    query,
    decided.map(({ planned }) => planned.claim.linkId),
  )
  if (prints.size === 0) return decided
  const owners = await readOwners(
    query,
    decided.flatMap(({ plan }) => referencesIn(plan)),
    null,
  )
  return decided.map((one) => {
    const expected = prints.get(one.planned.claim.linkId)
    if (expected === undefined || !isDecided(one.plan)) return one
    return printOf(one.planned.claim.entity, one.plan, (id) => owners.get(id) ?? id) === expected
      ? one
      : { ...one, plan: changed }
  })
}
