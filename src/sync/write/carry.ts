/**
 * Carry: what Clerk gets from Salesforce, record by record, after Salesforce's own side of the same plan was written.
 *
 *   plan.carry -> [is Clerk as we think?] -> one PATCH -> settle: base, journal, Clerk's answer observed
 *
 * Clerk has no batches, so records go out one by one, several at a time. A PATCH of the mapped keys can be sent twice, and leaves everything
 * else in the customer's metadata alone. Clerk has no optimistic locking: where the decision depends on what Clerk holds (`weighs`), Clerk is asked
 * right before, and what has changed since is planned again. What Salesforce already got stays agreed on, whatever Clerk says.
 */
import { ClerkError, isAbsent, isRecordPaced } from '../../clerk/clerk-error.ts'
import type { ClerkClient } from '../../clerk/client.ts'
import { type Entity, type Observation, readPath } from '../../model/model.ts'
import type { ClerkRow } from '../mirror/context.ts'
import type { Entry } from '../mirror/journal.ts'
import type { Outcome } from '../mirror/settle.ts'
import { backoffMs, mostAttempts } from '../pace/backoff.ts'
import type { Carry } from '../plan/plan.ts'
import { clerkWrites, readClerkNow } from './clerk-patch.ts'

/** A claim that is done with Salesforce and not yet with Clerk. */
export type CarryJob = {
  entity: Entity
  lease: string
  outcome: Extract<Outcome, { end: 'settled' }>
  carry: Carry
  record: ClerkRow | undefined
  /** When Salesforce's record changed last, in ms. */
  changedAt: number | undefined
}

/** Why Clerk is not written to, as an operator is told. */
export type ClerkAway = { reason: 'rate' | 'outage' | 'auth'; detail: string }

/** How one job ended, and until when Clerk should be left alone, where it asked for that or is away; `lost`: no whole answer came. */
export type Carried = { outcome: Outcome; code: string; quietUntil?: number; away?: ClerkAway; lost?: true }

type Times = { now: () => number; random: () => number }

/** How long the side is left alone where Clerk does not say. */
export const sideWaitMs = 5_000

type Released = { dueAt: number; counted: boolean }

/** Clerk did not take it: given back, with whatever was seen and written on the way. */
const release = (
  { outcome }: CarryJob,
  observed: readonly Observation[],
  { dueAt, counted }: Released,
  entries: readonly Entry[] = [],
): Outcome => {
  const { claim } = outcome
  const attempts = claim.attempts + (counted ? 1 : 0)
  return {
    ...outcome,
    end: 'released',
    release: { claim, dueAt, attempts, look: false },
    observed,
    entries: [...(outcome.entries ?? []), ...entries],
  }
}

const entryOf = ({ outcome, carry }: CarryJob, result: string, detail?: string): Entry => ({
  side: 'clerk',
  kind: 'update',
  salesforceId: outcome.agreed.salesforceId,
  reason: 'the Salesforce record changed',
  fields: Object.fromEntries(
    Object.values(carry.fields).map(({ to, before, value, why, rule }) => [
      to,
      { before, after: value, why, ...(rule === undefined ? {} : { rule }) },
    ]),
  ),
  result,
  ...(detail === undefined ? {} : { detail }),
})

const carried = (job: CarryJob, observed: readonly Observation[]): Outcome => {
  const { outcome, carry } = job
  const values = Object.fromEntries(Object.entries(carry.fields).map(([field, { value }]) => [field, value]))
  return {
    ...outcome,
    agreed: { ...outcome.agreed, base: { ...outcome.agreed.base, ...values } },
    observed,
    entries: [...(outcome.entries ?? []), entryOf(job, 'done')],
  }
}

const park = (job: CarryJob, observed: readonly Observation[], { code, message }: ClerkError): Outcome => ({
  ...job.outcome,
  end: 'parked',
  code,
  reason: `Clerk refuses it: ${message}. Change the value in Salesforce or the mapping, then retry`,
  observed,
  entries: [...(job.outcome.entries ?? []), entryOf(job, code, message)],
})

/** The attribute that Clerk names, or all that was sent when it names none of ours. */
const managedFields = ({ carry }: CarryJob, { param }: ClerkError): string[] => {
  const all = Object.keys(carry.fields)
  const named = all.filter((field) => carry.fields[field]?.to === param)
  return named.length > 0 ? named : all
}

const failed = (
  job: CarryJob,
  observed: readonly Observation[],
  error: ClerkError,
  { now, random }: Times,
): Carried => {
  const { claim } = job.outcome
  const { code } = error
  const later = now() + backoffMs(claim.attempts, random)
  switch (error.kind) {
    case 'rate':
    case 'outage':
    case 'auth': {
      const dueAt = now() + (error.retryAfterMs ?? sideWaitMs)
      const outcome = release(job, observed, { dueAt, counted: false })
      // Our own pace stops one record; all else is the whole side.
      if (isRecordPaced(error)) return { outcome, code }
      return { outcome, code, quietUntil: dueAt, away: { reason: error.kind, detail: `${code}: ${error.message}` } }
    }
    case 'lost-answer':
      // Sent twice it is the same, so it is simply sent again.
      if (claim.attempts >= mostAttempts) return { outcome: park(job, observed, error), code, lost: true }
      return { outcome: release(job, observed, { dueAt: later, counted: true }), code, lost: true }
    case 'managed': {
      // Clerk wins: planned again with Clerk as the owner of these fields.
      const outcome = release(job, observed, { dueAt: now(), counted: false }, [entryOf(job, code, error.message)])
      return { outcome: { ...outcome, managed: managedFields(job, error) }, code }
    }
    case 'refused':
      // Its deletion will be told; until then there is nobody to write to.
      if (isAbsent(error) && claim.attempts < mostAttempts)
        return { outcome: release(job, observed, { dueAt: later, counted: true }), code }
      return { outcome: park(job, observed, error), code }
  }
}

/** Whether Clerk holds, in the places to be written, what the plan thought it did. */
const asPlanned = ({ record, carry }: CarryJob, seen: readonly Observation[]): boolean => {
  const body = seen.find(({ id }) => id === record?.id)?.body
  if (!body || !record) return false
  return Object.values(carry.fields).every(
    ({ to }) => JSON.stringify(readPath(body, to) ?? null) === JSON.stringify(readPath(record.body, to) ?? null),
  )
}

/** Looking again does not help for ever. */
const mostLooks = 8

/** Planned again with what Clerk showed; a record that never holds still waits a little longer each time, and in the end for a person. */
const changedMeanwhile = (job: CarryJob, observed: readonly Observation[], { now, random }: Times): Outcome => {
  const { attempts } = job.outcome.claim
  if (attempts < mostLooks)
    return release(job, observed, {
      dueAt: now() + (attempts > 0 ? backoffMs(attempts, random, 250) : 0),
      counted: true,
    })
  const places = Object.values(job.carry.fields).map(({ to }) => to)
  return {
    ...job.outcome,
    end: 'parked',
    code: 'CLERK_KEEPS_CHANGING',
    reason: `${places.join(', ')} was different at each of ${mostLooks} looks at Clerk, right before it was to be written: see what else writes it there, then retry`,
    observed,
  }
}

/** Carries one record to Clerk. Never throws for what Clerk does. */
export const carryOne = async (clerk: ClerkClient, job: CarryJob, times: Times): Promise<Carried> => {
  const { entity, record, carry } = job
  const observed: Observation[] = []
  if (!record) return { outcome: job.outcome, code: 'done' }
  const wanted = Object.fromEntries(Object.values(carry.fields).map(({ to, value }) => [to, value]))
  try {
    if (carry.weighs) {
      const seen = await readClerkNow(clerk, entity, record, times.now())
      observed.push(...(seen ?? []))
      if (!asPlanned(job, seen ?? []))
        return { outcome: changedMeanwhile(job, observed, times), code: 'CHANGED_MEANWHILE' }
    }
    for (const write of clerkWrites(clerk, entity, record, wanted)) observed.push(...(await write()))
    return { outcome: carried(job, observed), code: 'done' }
  } catch (error) {
    if (!(error instanceof ClerkError)) throw error
    return failed(job, observed, error, times)
  }
}
