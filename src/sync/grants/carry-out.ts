import type { Clock } from '../../clock.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { freeContact } from '../mirror/granted.ts'
import { type Entry, writeLines } from '../mirror/journal.ts'
import { endRequest, holdOpen, postponeRequest } from '../mirror/request-claims.ts'
import type { Request, RequestKind, Why } from '../mirror/requests.ts'
import type { Held } from '../mirror/settle.ts'
import { backoffMs } from '../pace/backoff.ts'
import type { PacedApi } from '../pace/paced-api.ts'
import { type Condition, invitationFields, meets } from '../plan/grants.ts'
import { keyOf, objectOf, type Rules } from '../plan/mapping.ts'
import { type CarryOut, type Ending, later, noLongerWanted, type Tools, withdraw } from './ending.ts'
import { invite } from './invite.ts'
import { provision } from './provision.ts'
import { entityOf } from './reread.ts'

/** How requests of one kind are carried out. */
export type Carry = { when: Condition; perHour: number; carryOut: CarryOut }

/** Undefined where the mapping has switched it off. */
export const carryFor = (kind: RequestKind, { provision: account, invite: contact }: Rules): Carry | undefined =>
  kind === 'organization'
    ? account && { ...account, carryOut: provision(account) }
    : contact && { ...contact, carryOut: invite(contact) }

/** A record that is not shown may have been made a moment ago. */
const mostLooks = 3

/** Decides whether a request is still what its record asks for, and carries it out. What was tried is carried to its end. */
export const decide = async (
  tools: Tools,
  request: Request,
  sight: Held | undefined,
  { when, carryOut }: Carry,
): Promise<Ending> => {
  const { kind, salesforceId, attempts, triedAt } = request
  const entity = entityOf[kind]
  const object = objectOf[entity]
  if (!sight)
    return attempts < mostLooks
      ? later('NOT_VISIBLE', `Salesforce does not show ${object} ${salesforceId}`, 1_000)
      : withdraw('RECORD_GONE', `${object} ${salesforceId} is not in Salesforce any more`)
  const clerkId = sight.fields[keyOf[entity]]
  if (triedAt === null && typeof clerkId === 'string')
    return withdraw('LINKED_ALREADY', `${object} ${salesforceId} carries a Clerk id already (${clerkId})`)
  if (triedAt === null && !meets(when, sight.fields)) return noLongerWanted
  return carryOut(tools, request, sight)
}

/** Tells the Contact that Clerk refuses. Before the refusal is committed: after a crash it is refused, and told, once more. */
const tellContact = async (api: PacedApi, { salesforceId }: Request, sight: Held | undefined): Promise<void> => {
  if (sight?.fields[invitationFields.status] === 'failed') return
  await api.write([
    { kind: 'update', object: 'Contact', rows: [{ Id: salesforceId, [invitationFields.status]: 'failed' }] },
  ])
}

type Concluding = { db: Database; api: PacedApi; clock: Clock; random: () => number; log: Log }

const end = async (
  { db, clock, log }: Concluding,
  request: Request,
  { end: state, why }: { end: 'failed' | 'withdrawn'; why: Why },
): Promise<void> => {
  const { key, kind, salesforceId } = request
  const now = clock.now()
  await db.transaction(async (query) => {
    if (!(await holdOpen(query, key))) return
    await endRequest(query, key, { state, why }, now)
    if (state === 'withdrawn') return
    // The fields of an earlier invitation would hide that this one failed.
    if (kind === 'invitation') await freeContact(query, salesforceId, null)
    const entry: Entry = {
      side: 'clerk',
      kind: kind === 'organization' ? 'create' : 'invite',
      salesforceId,
      reason: `the ${objectOf[entityOf[kind]]} asks for an ${kind}`,
      fields: {},
      result: why.code,
      detail: why.reason,
    }
    await writeLines(query, [{ linkId: null, entry }], now)
  })
  if (state === 'failed')
    log.warn({ stage: 'grant', side: 'clerk', code: why.code, request: key }, `an ${kind} was asked for and refused`)
}

/** Stores how carrying out a request ended. @throws SalesforceError where the Contact cannot be told */
export const conclude = async (
  options: Concluding,
  request: Request,
  lease: string,
  sight: Held | undefined,
  ending: Ending,
): Promise<void> => {
  const { db, api, clock, random } = options
  switch (ending.end) {
    case 'left':
      return
    case 'done':
      return db.transaction(ending.finish)
    case 'later': {
      const { why, firstMs } = ending
      const dueAt = clock.now() + Math.max(firstMs, backoffMs(request.attempts, random, firstMs))
      return postponeRequest(db.query, request, lease, { dueAt, counted: true, why, now: clock.now() })
    }
    case 'failed':
      if (request.kind === 'invitation') await tellContact(api, request, sight)
      return end(options, request, ending)
    case 'withdrawn':
      return end(options, request, ending)
  }
}
