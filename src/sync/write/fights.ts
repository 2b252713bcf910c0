/**
 * Fights: a value that we write and that somebody on the same side keeps turning back, as an automation does that does not know of us.
 *
 *   plan -> [how often were these very values turned back?] -> write | park as FIGHT
 *
 * The journal knows: a write of ours was turned back when the next one to the same field of the same side did not find what it left. Somebody
 * who switches a value to and fro on the other side turns nothing back, however often. The same value turned back `reversals` times
 * within `withinMinutes` is a fight; so are `manyValues` times as many with any values, as of two automations that each make up new ones.
 *
 * Nothing more is written to the record then, nor to the other one: its other changes wait with it. New facts are not a reason to go on, as
 * they are for other parked links: the fight would bring them itself. It goes on when the window has passed, or when a person says `retry`,
 * which is a line of the journal too: what was before it does not count.
 */
import type { Query } from '../../db/database.ts'
import type { Entity, Side, Value } from '../../model/model.ts'
import type { Claim } from '../mirror/dirty.ts'
import type { Entry } from '../mirror/journal.ts'
import type { Held, Outcome } from '../mirror/settle.ts'
import type { FightsRule } from '../plan/grants.ts'
import { objectOf, type Rules } from '../plan/mapping.ts'
import type { Plan } from '../plan/plan.ts'

/** A claim whose plan is about to be carried out. */
export type Intended = { claim: Claim; plan: Plan }

/** One value on its way to one field of one side. */
type Move = { side: Side; place: string; field: string; before: Value; after: Value; why: string }

/** A fight that was noticed. */
export type Fight = {
  move: Move
  /** How often what we wrote was turned back, and when we wrote it first, in ms. */
  times: number
  since: number
  /** The writes of the field to both sides within the window, oldest first. */
  history: readonly Write[]
  /** The journal has it already: nothing was written since. */
  told: boolean
}

/** A line of the journal, as far as it tells of fields. */
type Line = {
  linkId: number
  at: number
  side: Side
  kind: string
  result: string
  fields: { readonly [place: string]: { before: Value; after: Value } }
}
type Write = { at: number; side: Side; place: string; before: Value; after: Value }

/** With whatever values, a field that is turned back so many times as often is in a fight as well. */
const manyValues = 4
/** Of each link so many lines are read, from the newest: more than a fight takes, whatever else is written beside it. */
const linesFor = ({ reversals }: FightsRule): number => 100 + 2 * manyValues * reversals

// Most links have a line or two within the window, which are not even sent to us.
const recentLines = `
  select wanted.id as "linkId", line.at, line.side, line.kind, line.result, line.fields
  from unnest($1::bigint[]) as wanted(id), lateral (
    select recent.*, count(*) over () as lines from (
      select c.id, c.at, c.side, c.kind, c.result, c.fields from clerkforce.change c
      where c.link_id = wanted.id order by c.id desc limit $2) recent
    where recent.at > $3) line
  where line.lines >= $4
  order by wanted.id, line.id`

/** Written to a journal by `retry`. */
const retried = 'retry'

const movesOf = (plan: Plan): Move[] => {
  const moves: Move[] = []
  if (plan.do === 'change' && (plan.change.kind === 'update' || plan.change.kind === 'end')) {
    const { fields, before, why } = plan.change
    for (const [field, after] of Object.entries(fields))
      moves.push({
        side: 'salesforce',
        place: field,
        field,
        before: before[field] ?? null,
        after,
        why: why[field] ?? '',
      })
  }
  if ('carry' in plan && plan.carry)
    for (const [field, { to, before, value, why }] of Object.entries(plan.carry.fields))
      moves.push({ side: 'clerk', place: to, field, before, after: value, why })
  return moves
}

/** The lines since a person last said that it is to be tried again. */
const sinceRetry = (lines: readonly Line[]): readonly Line[] =>
  lines.slice(lines.findLastIndex(({ kind }) => kind === retried) + 1)

const writesOf = (lines: readonly Line[]): Write[] =>
  lines
    .filter(({ kind, result }) => result === 'done' && (kind === 'update' || kind === 'end'))
    .flatMap(({ at, side, fields }) =>
      Object.entries(fields).map(([place, { before, after }]) => ({ at, side, place, before, after })),
    )

/** The writes that somebody turned back: the next one, or what is planned now, found something else. */
const turnedBack = (writes: readonly Write[], move: Move): Write[] => {
  const own = writes.filter(({ side, place }) => side === move.side && place === move.place)
  return own.filter(({ after }, index) => (own[index + 1] ?? move).before !== after)
}

const last = (lines: readonly Line[], result: string): number => lines.findLastIndex((line) => line.result === result)

const fightOf = (
  all: readonly Line[],
  moves: readonly Move[],
  placeInClerk: (field: string) => string | undefined,
  { reversals }: FightsRule,
): Fight | undefined => {
  const lines = sinceRetry(all)
  const writes = writesOf(lines)
  for (const move of moves) {
    const any = turnedBack(writes, move)
    const same = any.filter(({ after }) => after === move.after)
    const counted = same.length >= reversals ? same : any.length >= manyValues * reversals ? any : []
    const [first] = counted
    if (!first) continue
    const isOfField = ({ side, place }: Write): boolean =>
      place === (side === 'salesforce' ? move.field : placeInClerk(move.field))
    return {
      move,
      times: counted.length,
      since: first.at,
      history: writes.filter(isOfField),
      told: last(lines, 'FIGHT') > last(lines, 'done'),
    }
  }
  return undefined
}

/** Finds the fights among what is about to be written: one statement for the batch. */
export const findFights = async (
  query: Query,
  entity: Entity,
  rules: Rules,
  intended: readonly Intended[],
  now: number,
): Promise<Map<Claim, Fight>> => {
  const rule = rules.fights
  const fields = entity === 'invitation' ? [] : rules[entity].fields
  const placeInClerk = (field: string): string | undefined => fields.find((one) => one.field === field)?.to
  const moves = new Map(intended.map(({ claim, plan }) => [claim, movesOf(plan)] as const))
  const claims = [...moves.keys()].filter((claim) => (moves.get(claim)?.length ?? 0) > 0)
  if (claims.length === 0) return new Map()
  const ids = claims.map(({ linkId }) => linkId)
  const since = now - rule.withinMinutes * 60_000
  const lines = await query<Line>(recentLines, [ids, linesFor(rule), since, rule.reversals])
  const byLink = Map.groupBy(lines, ({ linkId }) => linkId)
  return new Map(
    claims.flatMap((claim) => {
      const fight = fightOf(byLink.get(claim.linkId) ?? [], moves.get(claim) ?? [], placeInClerk, rule)
      return fight ? [[claim, fight] as const] : []
    }),
  )
}

const sideName: Readonly<Record<Side, string>> = { clerk: 'Clerk', salesforce: 'Salesforce' }
const mostShown = 60
const mostWrites = 20

/** A value for a person to read. */
const show = (value: Value): string => {
  const text = JSON.stringify(value)
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text
}
const clockTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

const reasonOf = (entity: Entity, { move, times, since }: Fight): string => {
  const { side, place, before, after } = move
  const name = side === 'salesforce' ? `${objectOf[entity]}.${place}` : place
  return (
    `something in ${sideName[side]} keeps changing ${name} back: ${times} times since ${clockTime(since)} clerkforce wrote ${show(after)} and ` +
    `found ${show(before)}. Change that automation or the rule of the field, or make both sides equal, then retry`
  )
}

const lineOf = ({ at, side, place, before, after }: Write): string =>
  `${clockTime(at)} ${sideName[side]} ${place}: ${show(before)} -> ${show(after)}`

const entryOf = ({ claim }: Intended, fight: Fight, reason: string): Entry => {
  const { side, place, before, after, why } = fight.move
  return {
    side,
    kind: 'park',
    salesforceId: claim.salesforceId,
    reason,
    fields: { [place]: { before, after, why } },
    result: 'FIGHT',
    detail: fight.history.slice(-mostWrites).map(lineOf).join('\n'),
  }
}

/** The end of a claim whose field is fought over: parked, and nothing written. */
export const fightOutcome = (entity: Entity, one: Intended, held: Held | undefined, fight: Fight): Outcome => {
  const reason = reasonOf(entity, fight)
  return {
    end: 'parked',
    claim: one.claim,
    code: 'FIGHT',
    reason,
    ...(held ? { held } : {}),
    entries: fight.told ? [] : [entryOf(one, fight, reason)],
  }
}
