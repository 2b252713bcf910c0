/** Lines of the journal about pairs: who is paired with what from now on, and no longer with what, where no write tells it already. */
import type { Entry } from './journal.ts'
import type { Agreed, Outcome } from './settle.ts'

const line = (kind: 'link' | 'unlink', salesforceId: string, reason: string): Entry => ({
  side: 'salesforce',
  kind,
  salesforceId,
  reason,
  fields: {},
  result: 'done',
})

const pairingLines = (before: string | null, { salesforceId: after, reason }: Agreed, told: boolean): Entry[] => {
  if (before === after) return []
  if (before === null) return after === null || told ? [] : [line('link', after, reason ?? 'it carries the Clerk id')]
  if (after === null) return [line('unlink', before, reason ?? 'it is no longer the record of this pair')]
  return [
    line('unlink', before, `${after} has taken its place: Salesforce merged them, or the Clerk id was moved there`),
    line('link', after, `it has taken the place of ${before}`),
  ]
}

/** The lines of one outcome: those it brings, then those about its pair, then that it was parked. */
export const linesOf = (outcome: Outcome): Entry[] => {
  const { claim, entries = [], agreed } = outcome
  const told = entries.some(({ side, result }) => side === 'salesforce' && result === 'done')
  const pairing = agreed ? pairingLines(claim.salesforceId, agreed, told) : []
  if (outcome.end !== 'parked' || outcome.entries) return [...entries, ...pairing]
  const { code, reason } = outcome
  const parked: Entry = {
    side: 'salesforce',
    kind: 'park',
    salesforceId: claim.salesforceId,
    reason,
    fields: {},
    result: code,
  }
  return [...pairing, parked]
}
