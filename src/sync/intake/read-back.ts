/**
 * Reads back what changed in Salesforce: a change event and a poll only say which records, what they look like is asked, up to 2,000 in a call.
 *
 *   stale -> claim -> retrieve -> observe: mirror (+dirty) | requests of records that have no link | gone: its link looks
 *
 * A query may lag behind the event that told of it. A record that is older than its event, or not there yet, is taken as it is and read
 * again a few times. A record stays stale until what was read is committed.
 */
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import { heldFrom, invitationIn, keyIn, readFields } from '../mirror/from-salesforce.ts'
import { observeSalesforce, type SalesforceSight } from '../mirror/observe-salesforce.ts'
import { askRequests } from '../mirror/requests.ts'
import { claimStale, finishStale, postponeStale, type Stale, type StaleEntity } from '../mirror/stale.ts'
import { backoffMs } from '../pace/backoff.ts'
import { isSchemaProblem, type PacedApi } from '../pace/paced-api.ts'
import { objectOf, type Rules } from '../plan/mapping.ts'

export type ReadBackOptions = {
  db: Database
  api: PacedApi
  rules: Rules
  now: () => number
  random: () => number
  log: Pick<Log, 'warn'>
}

/** What a round did; `failure` asks for a pause of the side. */
export type ReadBack = { read: number; failure?: SalesforceError }

/** The most that one call retrieves. */
const atOnce = 2_000
const leaseMs = 60_000
/** Reading a record again does not help for ever: after some ten seconds it is as it is. */
const mostReads = 4

type Row = { stale: Stale; sight: SalesforceSight | undefined }

/** Retrieves records; a call that is refused is cut in halves until the record that spoils it is alone. */
const retrieve = async (
  { api, rules, now }: ReadBackOptions,
  entity: StaleEntity,
  all: readonly Stale[],
): Promise<{ rows: Row[]; refused: Stale[] }> => {
  const kinds = readFields(entity, rules)
  const fields = ['Id', 'SystemModstamp', ...kinds.keys()]
  const asOf = now()
  try {
    const ids = all.map(({ id }) => id)
    const found = await api.retrieve(objectOf[entity], ids, fields)
    const rows = all.map((stale, index) => {
      const record = found[index]
      if (!record) return { stale, sight: undefined }
      const held = heldFrom(record, kinds, asOf)
      const key = keyIn(entity, held)
      return { stale, sight: { ...held, clerkId: typeof key === 'string' ? key : null } }
    })
    return { rows, refused: [] }
  } catch (error) {
    if (!(error instanceof SalesforceError) || error.kind !== 'refused' || isSchemaProblem(error)) throw error
    if (all.length === 1) return { rows: [], refused: [...all] }
    const middle = Math.ceil(all.length / 2)
    const first = await retrieve({ api, rules, now } as ReadBackOptions, entity, all.slice(0, middle))
    const second = await retrieve({ api, rules, now } as ReadBackOptions, entity, all.slice(middle))
    return { rows: [...first.rows, ...second.rows], refused: [...first.refused, ...second.refused] }
  }
}

/** Whole seconds, as Salesforce keeps them in many places. */
const second = (ms: number): number => Math.floor(ms / 1000)

/** Whether Salesforce does not show yet what the hint told of. */
const isLate = ({ stale, sight }: Row): boolean => {
  if (stale.attempts >= mostReads) return false
  if (!sight || stale.gone) return (sight === undefined) !== stale.gone
  return second(sight.version) < second(stale.committedAt)
}

const asInvited = (contact: SalesforceSight): SalesforceSight => ({ ...invitationIn(contact), clerkId: null })

const readEntity = async (options: ReadBackOptions, entity: StaleEntity, all: readonly Stale[]): Promise<void> => {
  const { db, rules, now, random, log } = options
  const { rows, refused } = await retrieve(options, entity, all)
  if (refused.length > 0)
    log.warn(
      { stage: 'intake', side: 'salesforce', entity, records: refused.length },
      'Salesforce refuses to show records that changed',
    )
  const late = rows.filter(isLate)
  const seen = rows.flatMap(({ sight }) => sight ?? [])
  const missing = rows.filter(({ sight }) => !sight).map(({ stale }) => stale.id)
  await db.transaction(async (query) => {
    const foreign = await observeSalesforce(query, entity, seen, now(), { missing })
    if (entity === 'person' && rules.invite) {
      // An invitation stands on the Contact that was invited, whoever else that is.
      await observeSalesforce(query, 'invitation', seen.map(asInvited), now(), { missing })
    }
    if (entity !== 'membership')
      await askRequests(
        query,
        rules,
        entity,
        seen.filter(({ id, clerkId }) => clerkId === null && foreign.has(id)),
        now(),
      )
    const again = [...late.map(({ stale }) => stale), ...refused.filter(({ attempts }) => attempts < mostReads)]
    const kept = new Set(again)
    await finishStale(
      query,
      all.filter((one) => !kept.has(one)),
      now(),
    )
    for (const one of again) await postponeStale(query, [one], now() + backoffMs(one.attempts, random, 500), true)
  })
}

/** Reads back one round of stale records. What Salesforce could not be asked for stays stale. */
export const readBack = async (options: ReadBackOptions): Promise<ReadBack> => {
  const { db, now } = options
  const claimed = await claimStale(db.query, atOnce, now(), now() + leaseMs)
  const byEntity = Map.groupBy(claimed, ({ entity }) => entity)
  let failure: SalesforceError | undefined
  for (const [entity, all] of byEntity) {
    if (!failure)
      try {
        await readEntity(options, entity, all)
        continue
      } catch (error) {
        if (!(error instanceof SalesforceError)) throw error
        failure = error
      }
    await postponeStale(db.query, all, now() + 1_000, false)
  }
  return { read: claimed.length, ...(failure ? { failure } : {}) }
}
