/**
 * Requests: what Salesforce records ask for in Clerk. An Account asks for an organization, a Contact for an invitation, by meeting the
 * condition of the mapping (`plan/grants.ts`); grants/ carries it out. One row for each record, whatever comes and however often.
 *
 *   asked (an operator has to approve) --> open --> done
 *        \--> denied                        \-----> failed (Clerk refuses; an operator may have it tried again)
 *   withdrawn: the record no longer meets the condition, before anything was tried
 *
 * - What is withdrawn and meets the condition again is asked for again. `denied` stays, whatever the record says: a person decided.
 * - An invitation that has ended is made anew when its Contact stops meeting the condition and meets it again: a new `round`.
 * - A claim is a lease, as of dirty links. A sight of the record raises `version`: what is put off for reasons of an older one is due at once.
 * - `tried_at` is committed before Clerk is called. From then on nothing in Salesforce can take the request back, and whoever tries it
 *   again looks in Clerk first.
 */
import type { Query } from '../../db/database.ts'
import type { Fields } from '../../model/model.ts'
import { meets } from '../plan/grants.ts'
import type { Rules } from '../plan/mapping.ts'

export type RequestKind = 'organization' | 'invitation'
type RequestState = 'asked' | 'open' | 'done' | 'denied' | 'failed' | 'withdrawn'

/** Why something waits, failed or was given up, for a person to read. */
export type Why = { code: string; reason: string }

/** A claimed request. */
export type Request = {
  key: string
  kind: RequestKind
  salesforceId: string
  round: number
  version: number
  attempts: number
  triedAt: number | null
  /** Where an invitation was tried. */
  organizationId: string | null
}

const prefixOf = { organization: 'account', invitation: 'contact' } as const

const requestKey = (kind: RequestKind, salesforceId: string): string => `${prefixOf[kind]}/${salesforceId}`

/** Where in `private_metadata` an invitation, and the membership that it becomes, carry the request that made them. */
export const invitationMark = 'clerkforce_request'

/** What an invitation carries in Clerk to be found again by. */
export const requestMark = ({ key, round }: Pick<Request, 'key' | 'round'>): string =>
  round === 1 ? key : `${key}/${round}`

/** The request and round of a mark; undefined for anything else. */
export const readMark = (mark: unknown): { key: string; round: number } | undefined => {
  const [, key, round] = (typeof mark === 'string' && /^(contact\/\w{18})(?:\/(\d{1,9}))?$/.exec(mark)) || []
  return key === undefined ? undefined : { key, round: Number(round ?? 1) }
}

/** Codes of what a record lacks: gone with the next sight that does not say so. */
const lackCodes: readonly string[] = ['NO_EMAIL', 'NO_ACCOUNT']

/** What a Contact lacks to be invited; undefined when nothing. */
export const lacks = (fields: Fields): Why | undefined => {
  if (typeof fields['Email'] !== 'string')
    return { code: 'NO_EMAIL', reason: 'the Contact has no e-mail address to send the invitation to: fill in Email' }
  if (typeof fields['AccountId'] !== 'string')
    return {
      code: 'NO_ACCOUNT',
      reason: 'the Contact has no Account, whose organization it could join: fill in Account',
    }
  return undefined
}

/** What lacks something is looked at again by itself this seldom; a change of the record makes it due at once. */
export const lackingMs = 3_600_000

// Whatever else is known of it, a sight is a reason to try again. What is being worked on is due again by its raised version.
const ask = `
  insert into clerkforce.request as mine (key, kind, salesforce_id, asked_at, state, due_at, code, reason)
  select one.key, $1, one.salesforce_id, $5, $6, one.due_at, one.code, one.reason
  from unnest($2::text[], $3::text[], $4::bigint[], $7::text[], $8::text[]) as one(key, salesforce_id, due_at, code, reason)
  on conflict (key) do update set version = mine.version + 1,
    due_at = case when mine.leased_by is null then least(mine.due_at, excluded.due_at) else mine.due_at end,
    code = case when excluded.code is not null or mine.code = any($9) then excluded.code else mine.code end,
    reason = case when excluded.code is not null or mine.code = any($9) then excluded.reason else mine.reason end
  where mine.state in ('asked', 'open')`

// An invitation that nobody has accepted or withdrawn in Clerk is still the answer; one that has ended makes room for another.
const askAgain = `
  update clerkforce.request r set version = r.version + 1, asked_at = $2, attempts = 0, code = null, reason = null,
    round = r.round + ended.rounds, due_at = $2, decided_at = null,
    state = case when r.clerk_id is null or ended.rounds > 0 then $3 else 'done' end,
    tried_at = case when ended.rounds > 0 then null else r.tried_at end,
    done_at = case when ended.rounds > 0 then null else r.done_at end,
    clerk_id = case when ended.rounds > 0 then null else r.clerk_id end,
    accepted_by = case when ended.rounds > 0 then null else r.accepted_by end,
    watch_at = case when ended.rounds > 0 then null else r.watch_at end
  from unnest($1::text[]) as wanted(key) cross join lateral (
    select count(*)::integer as rounds from clerkforce.request q
    join clerkforce.record i on i.side = 'clerk' and i.entity = 'invitation' and i.id = q.clerk_id
      and (i.deleted_at is not null or i.body ->> 'status' in ('revoked', 'expired'))
    where q.key = wanted.key and q.kind = 'invitation') ended
  where r.key = wanted.key and r.state = 'withdrawn'`

// What was tried may have been done: it is carried to its end. A person's `denied` stays.
const withdraw = `
  update clerkforce.request set state = 'withdrawn', version = version + 1, code = null, reason = null
  where key = any($1) and leased_by is null and (state in ('asked', 'failed')
    or (state = 'open' and tried_at is null) or (state = 'done' and kind = 'invitation'))`

const ruleOf = (rules: Rules, kind: RequestKind) => (kind === 'organization' ? rules.provision : rules.invite)

/**
 * Notes what records ask for, or no longer ask for, in the transaction that saw them.
 * @param sights records that carry no Clerk id, and that no link has to do with.
 */
export const askRequests = async (
  query: Query,
  rules: Rules,
  entity: 'organization' | 'person',
  sights: readonly { id: string; fields: Fields }[],
  now: number,
): Promise<void> => {
  const kind = entity === 'organization' ? 'organization' : 'invitation'
  const rule = ruleOf(rules, kind)
  if (!rule || sights.length === 0) return
  const rows = sights.map(({ id, fields }) => ({ key: requestKey(kind, id), id, fields }))
  const sorted = rows.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const gone = sorted.filter(({ fields }) => !meets(rule.when, fields)).map(({ key }) => key)
  if (gone.length > 0) await query(withdraw, [gone])
  const asked = sorted.filter(({ fields }) => meets(rule.when, fields))
  if (asked.length === 0) return
  const state: RequestState = rule.approval ? 'asked' : 'open'
  await query(askAgain, [asked.map(({ key }) => key), now, state])
  const wants = asked.map(({ fields }) => (kind === 'invitation' ? lacks(fields) : undefined))
  await query(ask, [
    kind,
    asked.map(({ key }) => key),
    asked.map(({ id }) => id),
    wants.map((why) => (why ? now + lackingMs : now)),
    now,
    state,
    wants.map((why) => why?.code ?? null),
    wants.map((why) => why?.reason ?? null),
    lackCodes,
  ])
}
