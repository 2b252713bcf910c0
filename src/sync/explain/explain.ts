/**
 * Explain: everything that is known of one record, and why it is as it is, for the person who has to answer for it.
 *
 *   an id or an e-mail address -> link -> both records, the journal, the hints, the requests -> explanation
 *        mirror/explain.ts reads       |  fields.ts, timeline.ts, standing.ts compose, and ask nobody
 *
 * What it promises:
 * - It asks neither Clerk nor Salesforce, writes nothing, and takes no lock: it may be asked at any time, as often as anybody likes.
 * - It is bounded: the newest `limit` lines of journal and hints, each by an index. `cut` says when there was more.
 * - It does not judge by itself: what would happen next is what the planner says of the same rows that the writer would read; what would
 *   happen if a side changed a field is what the three-way merge says.
 * - It shows personal data, because an operator asked for this very record. None of it is logged, here or by the callers.
 *
 * The mapping is not in the database. Where the process that follows the org is asked, the rules are the ones it works by; elsewhere they are
 * compiled from the file, and the types of fields guessed from their values.
 */
import type { Query } from '../../db/database.ts'
import type { Entity, Fields } from '../../model/model.ts'
import { to18 } from '../../salesforce/record-id.ts'
import { readDecisions } from '../mirror/decisions.ts'
import {
  findByAddress,
  findFormerLink,
  findLinks,
  type KnownLink,
  type KnownRecord,
  readAsClaim,
  readChanges,
  readDirty,
  readHintsOf,
  readQuestions,
  readRecords,
  readRequests,
} from '../mirror/explain.ts'
import { compileRules, type MappingConfig, type Rules } from '../plan/mapping.ts'
import type { Plan } from '../plan/plan.ts'
import { planBatch } from '../write/plan-batch.ts'
import type { Explained, Explanation, Match } from './explanation.ts'
import { explainFields } from './fields.ts'
import { guessShape } from './guess-shape.ts'
import { entityOfId, nameOf, objectName, sideRecord } from './names.ts'
import { relatedOf } from './related.ts'
import { decidedOf, pairingOf, standingOf } from './standing.ts'
import { fieldEvents, timelineOf } from './timeline.ts'

export type ExplainOptions = {
  query: Query
  now: number
  /** The rules that are worked by, where they are known. */
  rules?: Rules | undefined
  /** The mapping, where they are not. */
  config: MappingConfig
  /** Lines of the timeline from each source. @default 100 */
  limit?: number | undefined
}

/** Lines of the journal that are read to say where a value came from, whatever is shown of them. */
const mostChanges = 1_000
const mostMatches = 50

const isSalesforceId = (id: string): boolean => /^[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?$/.test(id) && /\d/.test(id)

const asFields = (record: KnownRecord | undefined): Fields | undefined => record?.body as Fields | undefined

/** Rules by which this record can be explained. */
const rulesFor = ({ rules, config }: ExplainOptions, entity: Entity, held: readonly Fields[]): Rules =>
  rules ?? compileRules(config, guessShape(entity, held))

const planFor = async (query: Query, link: KnownLink, rules: Rules, now: number): Promise<Plan | undefined> => {
  const claim = await readAsClaim(query, link.id, now)
  if (!claim) return undefined
  const [planned] = await planBatch(query, link.entity, [claim], rules)
  return planned?.plan()
}

type Subject = { entity: Entity; link: KnownLink | undefined; clerkId: string | null; salesforceId: string | null }

const explainSubject = async (options: ExplainOptions, subject: Subject): Promise<Explained> => {
  const { query, now, limit = 100 } = options
  const { entity, link, clerkId, salesforceId } = subject
  const ids = [clerkId, salesforceId].filter((id) => id !== null)
  const known = (await readRecords(query, ids)).filter((record) => record.entity === entity)
  const clerk = known.find(({ side }) => side === 'clerk')
  const salesforce = known.find(({ side }) => side === 'salesforce')
  const changes = await readChanges(query, link?.id ?? null, salesforceId, mostChanges)
  const hints = await readHintsOf(query, ids, { own: limit, carried: Math.ceil(limit / 5) })
  const requests = salesforceId === null ? [] : await readRequests(query, salesforceId)
  const dirty = link && (await readDirty(query, link.id))
  const questions = await readQuestions(query, clerkId, salesforceId)
  const held = asFields(salesforce)
  const base = link?.base ?? null
  const rules = rulesFor(options, entity, [held ?? {}, base ?? {}])
  const open = link !== undefined && (dirty !== undefined || link.parkedAt !== null)
  const plan = open ? await planFor(query, link, rules, now) : undefined
  const sources = { entity, clerk: clerk?.body, salesforce: held, base, managed: link?.managed ?? [], changes, rules }
  const comparable = known.length > 0 && !link?.erased
  return {
    entity,
    link: link?.id ?? null,
    clerk: sideRecord('clerk', entity, clerkId, clerk),
    salesforce: sideRecord('salesforce', entity, salesforceId, salesforce),
    pairing: pairingOf(link, requests, changes),
    decided: decidedOf(clerkId === null ? undefined : (await readDecisions(query, [clerkId])).get(clerkId)),
    standing: standingOf(link, dirty, questions, plan, now),
    fields: comparable ? explainFields({ ...sources, events: fieldEvents(hints) }) : [],
    timeline: timelineOf(hints, requests, changes.slice(0, limit)),
    cut: changes.length > limit || hints.filter(({ carried }) => !carried).length >= limit,
    related: await relatedOf(query, entity, clerk, now),
  }
}

const subjectOf = (link: KnownLink): Subject => ({
  entity: link.entity,
  link,
  clerkId: link.clerkId,
  salesforceId: link.salesforceId,
})

/** What an id leads to: its links, or a link that it had once, or what is known of it without any. */
const findSubjects = async ({ query, now }: ExplainOptions, id: string): Promise<Subject[]> => {
  const links = await findLinks(query, id, now)
  if (links.length > 0)
    return links.toSorted((a, b) => (a.entity === 'invitation' ? 1 : b.entity === 'invitation' ? -1 : 0)).map(subjectOf)
  const former = isSalesforceId(id) ? await findFormerLink(query, id, now) : undefined
  if (former) return [subjectOf(former)]
  const [record] = await readRecords(query, [id])
  const entity = record?.entity ?? entityOfId(id)
  if (!entity) return []
  const bySalesforce = isSalesforceId(id)
  return [{ entity, link: undefined, clerkId: bySalesforce ? null : id, salesforceId: bySalesforce ? id : null }]
}

/** Whether anything at all is known of a record that has no link. */
const isKnown = ({ link, clerk, salesforce, timeline, standing }: Explained): boolean =>
  link !== null || Boolean(clerk?.name || salesforce?.name) || timeline.length > 0 || standing.questions.length > 0

const matchOf = (records: readonly KnownRecord[], subject: Subject, standing: Explained['standing']): Match => {
  const { entity, clerkId, salesforceId } = subject
  const record = records.find(({ id }) => id === clerkId) ?? records.find(({ id }) => id === salesforceId)
  const side = clerkId === null ? 'salesforce' : 'clerk'
  return {
    id: clerkId ?? salesforceId ?? '',
    object: objectName(side, entity),
    name: record && nameOf(record),
    pairedWith: clerkId === null ? null : salesforceId,
    standing: standing.is,
  }
}

const explainAddress = async (
  options: ExplainOptions,
  address: string,
): Promise<Pick<Explanation, 'matches' | 'records'>> => {
  const { query, now } = options
  const subjects = new Map<string, Subject>()
  for (const { id } of await findByAddress(query, address, mostMatches))
    for (const subject of await findSubjects(options, id)) subjects.set(`${subject.link?.id ?? id}`, subject)
  const all = [...subjects.values()]
  const [only] = all
  if (only && all.length === 1) return { matches: [], records: [await explainSubject(options, only)] }
  const records = await readRecords(
    query,
    all.flatMap(({ clerkId, salesforceId }) => [clerkId, salesforceId].filter((id) => id !== null)),
  )
  const none = { gap: false, stale: undefined }
  const matches: Match[] = []
  for (const subject of all) {
    const dirty = subject.link && (await readDirty(query, subject.link.id))
    matches.push(matchOf(records, subject, standingOf(subject.link, dirty, none, undefined, now)))
  }
  return { matches, records: [] }
}

/**
 * Explains what an id of either side (15 characters of Salesforce's do) or an e-mail address stands for.
 * `records` and `matches` are empty where nothing is known of it.
 */
export const explain = async (options: ExplainOptions, asked: string): Promise<Explanation> => {
  const at = options.now
  const text = asked.trim()
  if (text.includes('@')) return { asked, at, ...(await explainAddress(options, text)) }
  const id = isSalesforceId(text) ? to18(text) : text
  const records: Explained[] = []
  for (const subject of await findSubjects(options, id)) records.push(await explainSubject(options, subject))
  return { asked, at, matches: [], records: records.filter(isKnown) }
}
