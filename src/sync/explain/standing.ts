/** How a pair came to be, and how it stands: from its link, its dirty row and the journal. */
import type { KnownDecision } from '../mirror/decisions.ts'
import type { KnownChange, KnownDirty, KnownLink, KnownQuestions, KnownRequest } from '../mirror/explain.ts'
import { keyOf, objectOf } from '../plan/mapping.ts'
import type { Plan } from '../plan/plan.ts'
import type { Explained, Pairing, Standing } from './explanation.ts'

const pairing = (by: Pairing['by'], at: number | null, text: string): Pairing => ({ by, at, text })

const ofLine = ({ kind, at, reason, fields }: KnownChange, key: string): Pairing | undefined => {
  if (kind === 'create') return pairing('created', at, `clerkforce created it: ${reason}`)
  if (kind === 'adopt') return pairing('adopted', at, `adopted: ${reason}`)
  if (kind === 'link') return pairing('linked', at, reason)
  if (kind === 'update' && fields[key]) return pairing('found', at, 'it was there in Salesforce, and got the Clerk id')
  return undefined
}

const ofRequest = ({ clerkId, salesforceId }: KnownLink, requests: readonly KnownRequest[]): Pairing | undefined => {
  const own = requests.filter((request) => request.salesforceId === salesforceId)
  const made = own.find((request) => request.clerkId === clerkId)
  if (made) {
    const by = made.kind === 'organization' ? 'provisioned' : 'invited'
    return pairing(by, made.doneAt, `the ${made.kind} was made because the Salesforce record asked for it`)
  }
  const accepted = own.find((request) => request.acceptedBy === clerkId)
  return accepted && pairing('invited', accepted.doneAt, 'the user accepted the invitation that this Contact asked for')
}

/** What the pair is there by. */
export const pairingOf = (
  link: KnownLink | undefined,
  requests: readonly KnownRequest[],
  changes: readonly KnownChange[],
): Pairing => {
  if (!link || link.clerkId === null) return pairing('pending', null, 'it is paired with nothing in Clerk')
  if (link.salesforceId === null) return pairing('pending', null, 'it is paired with nothing in Salesforce')
  const asked = ofRequest(link, requests)
  if (asked) return asked
  for (const line of changes) {
    if (line.result !== 'done' || line.side !== 'salesforce' || line.salesforceId !== link.salesforceId) continue
    const found = ofLine(line, keyOf[link.entity])
    if (found) return found
  }
  return pairing('unknown', null, 'the journal does not reach back to when they were paired')
}

/** What a person decided about a pair, in words. */
export const decidedOf = (decision: KnownDecision | undefined): Explained['decided'] => {
  if (!decision) return null
  const { at, wanted, salesforceId, never } = decision
  const from = never === null ? '' : `; not to ${never}`
  const texts = {
    this: `a person linked it to ${salesforceId}${from}`,
    new: `a person wanted a new record for it${from}`,
    apart: `a person unlinked it${never === null ? '' : ` from ${never}`}: it is left alone until it is linked again`,
  }
  return { at, text: texts[wanted] }
}

/** What a plan would do, in words. */
const nextOf = (plan: Plan): string => {
  switch (plan.do) {
    case 'none':
      return 'carry' in plan && plan.carry
        ? `give Clerk ${Object.keys(plan.carry.fields).join(', ')}`
        : `nothing: ${plan.reason}`
    case 'look':
      return `ask Salesforce: ${plan.reason}`
    case 'wait':
    case 'later':
      return plan.reason
    case 'park':
      return `park it as ${plan.code}: ${plan.reason}`
    case 'change': {
      const { kind, fields, reason } = plan.change
      const names = Object.keys(fields)
      return `${kind} in Salesforce${names.length > 0 ? ` (${names.join(', ')})` : ''}: ${reason}`
    }
  }
}

const questionsOf = ({ gap, stale }: KnownQuestions): string[] => [
  ...(gap ? ['Clerk is still to be asked about this user and its memberships'] : []),
  ...(stale
    ? [`Salesforce is to be asked for the record again${stale.attempts > 0 ? ` (asked ${stale.attempts} times)` : ''}`]
    : []),
]

type State = Pick<Standing, 'is' | 'at' | 'code' | 'text'>

const dirtyState = ({ dueAt, attempts, look, leased, planned, parent }: KnownDirty, now: number): State => {
  const tried = attempts > 0 ? `, tried ${attempts} times` : ''
  if (leased && dueAt > now) return { is: 'under way', at: null, code: null, text: 'a process is at work on it' }
  if (planned)
    return {
      is: 'waiting',
      at: null,
      code: null,
      text: 'a plan found it, and nobody has said yes to it yet: clerkforce apply or clerkforce backfill writes it, and so does whatever is told of it next',
    }
  if (parent) {
    const why = parent.parkedCode === null ? '' : `, which is parked as ${parent.parkedCode}`
    const text = `it waits for the ${objectOf[parent.entity]} of ${parent.clerkId} (link ${parent.link})${why}`
    return { is: 'waiting', at: dueAt, code: parent.parkedCode, text }
  }
  const how = look ? 'to be looked up in Salesforce' : 'to be compared and written'
  return dueAt > now
    ? { is: 'due', at: dueAt, code: null, text: `${how} later${tried}` }
    : { is: 'due', at: dueAt, code: null, text: `${how} now${tried}; if it stays so, ask: clerkforce status` }
}

const stateOf = (link: KnownLink | undefined, dirty: KnownDirty | undefined, now: number): State => {
  if (!link) return { is: 'unlinked', at: null, code: null, text: 'no pair was made with it, and none is to be' }
  const { erased, parkedAt, parkedCode, parkedReason, clerkId, salesforceId } = link
  if (parkedAt !== null)
    return { is: 'parked', at: parkedAt, code: parkedCode, text: `${parkedReason} (clerkforce retry ${link.id})` }
  if (dirty) return dirtyState(dirty, now)
  if (erased)
    return { is: 'erased', at: null, code: null, text: 'the person was erased: ids and states are all that is kept' }
  if (clerkId === null || salesforceId === null)
    return {
      is: 'unlinked',
      at: null,
      code: null,
      text: `nothing is to be done: there is no record in ${clerkId === null ? 'Clerk' : 'Salesforce'}`,
    }
  return { is: 'agreed', at: null, code: null, text: 'both sides agree, as far as clerkforce was told' }
}

/** @param plan what the plan says, where it was asked */
export const standingOf = (
  link: KnownLink | undefined,
  dirty: KnownDirty | undefined,
  questions: KnownQuestions,
  plan: Plan | undefined,
  now: number,
): Standing => ({
  ...stateOf(link, dirty, now),
  next: plan && nextOf(plan),
  questions: questionsOf(questions),
})
