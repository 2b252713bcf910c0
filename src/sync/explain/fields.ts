/** Why each field has the value that it has, and what would change it: the rules of the mapping, asked about the present and about two changes. */
import { type Body, type Entity, type Fields, readPath, type Side, type Value } from '../../model/model.ts'
import type { KnownChange } from '../mirror/explain.ts'
import { type FieldRule, keyOf, MappingError, ownFields, type Rules, readField } from '../plan/mapping.ts'
import { type Merge, mergeField, type Rule } from '../plan/merge.ts'
import { sameValue } from '../plan/value.ts'
import type { FieldReason } from './explanation.ts'

/** A change event that named fields. */
export type FieldEvent = { at: number; fields: readonly string[] | undefined; user: string }

export type FieldSources = {
  entity: Entity
  clerk: Body | undefined
  salesforce: Fields | undefined
  base: Fields | null
  managed: readonly string[]
  /** Newest first. */
  changes: readonly KnownChange[]
  events: readonly FieldEvent[]
  rules: Rules
}

type Write = { at: number; side: Side; kind: string; value: Value; why: string; rule: string | undefined }

const writeKinds: ReadonlySet<string> = new Set(['create', 'adopt', 'update', 'end', 'unpair', 'undo'])

/** The last write of ours to a place of a side. */
const lastWrite = (changes: readonly KnownChange[], side: Side, place: string | undefined): Write | undefined => {
  if (place === undefined) return undefined
  for (const { at, side: written, kind, result, fields } of changes) {
    const one = fields[place]
    if (one && written === side && result === 'done' && writeKinds.has(kind))
      return { at, side, kind, value: one.after, why: one.why, rule: one.rule }
  }
  return undefined
}

const clerkChanges = (merge: Merge): string => {
  switch (merge.do) {
    case 'agree':
      return 'nothing'
    case 'write':
      return 'Salesforce gets it'
    case 'carry':
      return `Salesforce's value is put back (${merge.why})`
    case 'keep':
      return `Salesforce keeps its own (${merge.why})`
    case 'conflict':
      return 'the pair is parked: a person decides'
  }
}

const salesforceChanges = (merge: Merge): string => {
  switch (merge.do) {
    case 'agree':
      return 'nothing'
    case 'write':
      return `Clerk's value is put back (${merge.why})`
    case 'carry':
      return 'Clerk gets it'
    case 'keep':
      return `it stays, and Clerk keeps its own (${merge.why})`
    case 'conflict':
      return 'the pair is parked: a person decides'
  }
}

/** A value that nobody has. */
const another = '\u{10ffff}'

type Held = { clerk: Value; fallback: boolean; salesforce: Value; base: Value | undefined }

const merging = (rule: FieldRule, decidedBy: Rule, held: Held, newer: Side): Merge =>
  mergeField({ ...held, rule: decidedBy, kind: rule.kind, newer, carries: rule.to !== undefined })

type Origin = Pick<FieldReason, 'from' | 'at' | 'why'>

/** What Salesforce said of the field since then. */
const toldSince = (events: readonly FieldEvent[], field: string, since: number): FieldEvent | undefined =>
  events.find(({ at, fields }) => at > since && fields?.includes(field))

const origin = (sources: FieldSources, rule: FieldRule, held: Held, now: Merge): Origin => {
  const { changes, events } = sources
  const same = (a: Value, b: Value): boolean => sameValue(a, b, rule.kind)
  const toSalesforce = lastWrite(changes, 'salesforce', rule.field)
  const toClerk = lastWrite(changes, 'clerk', rule.to)
  const last = (toClerk?.at ?? 0) > (toSalesforce?.at ?? 0) ? toClerk : toSalesforce
  const current = last?.side === 'clerk' ? held.clerk : held.salesforce
  if (last && same(last.value, current))
    return {
      from: last.kind === 'undo' ? 'clerkforce' : last.side === 'clerk' ? 'salesforce' : 'clerk',
      at: last.at,
      why: last.why,
    }
  const told = toldSince(events, rule.field, last?.at ?? 0)
  if (last && last.side === 'salesforce') {
    const who = told ? ` by ${told.user}` : ''
    const what = now.do === 'keep' ? `; ${now.why}` : ''
    return {
      from: 'salesforce',
      at: told?.at ?? null,
      why: `changed in Salesforce${who} since clerkforce wrote it${what}`,
    }
  }
  if (last) return { from: 'clerk', at: null, why: 'changed in Clerk since clerkforce wrote it' }
  if (held.salesforce === null && held.clerk === null)
    return { from: 'none', at: null, why: 'neither side has a value' }
  if (now.do === 'agree')
    return told
      ? { from: 'salesforce', at: told.at, why: `${told.user} made it the same as in Clerk` }
      : { from: 'both', at: null, why: 'both had it when they were first compared' }
  const from = held.salesforce === null ? 'clerk' : 'salesforce'
  const why = 'why' in now ? now.why : ''
  return { from, at: null, why: now.do === 'keep' ? why : `not carried over yet: ${why}` }
}

const reasonOf = (sources: FieldSources, rule: FieldRule): FieldReason => {
  const { clerk, salesforce, base: bases, managed } = sources
  const read = clerk && Object.keys(clerk).length > 0 ? readField(rule, clerk) : { value: null, fallback: false }
  const value = salesforce?.[rule.field] ?? null
  const held: Held = { clerk: read.value, fallback: read.fallback, salesforce: value, base: bases?.[rule.field] }
  const decidedBy = managed.includes(rule.field) ? 'clerk' : rule.rule
  const now = merging(rule, decidedBy, held, 'clerk')
  const agreed = now.do === 'agree' ? held.clerk : held.base
  const after = { ...held, base: agreed }
  return {
    field: rule.field,
    place: rule.to,
    clerk: held.clerk,
    salesforce: value,
    base: held.base,
    same: now.do === 'agree',
    rule: decidedBy,
    ...origin(sources, rule, held, now),
    ifClerk: clerkChanges(merging(rule, decidedBy, { ...after, clerk: another, fallback: false }, 'clerk')),
    ifSalesforce: salesforceChanges(merging(rule, decidedBy, { ...after, salesforce: another }, 'salesforce')),
  }
}

/** A mapping function that throws leaves one field unexplained, and says so. */
const reasonOrFault = (sources: FieldSources, rule: FieldRule): FieldReason => {
  try {
    return reasonOf(sources, rule)
  } catch (error) {
    if (!(error instanceof MappingError)) throw error
    const salesforce = sources.salesforce?.[rule.field] ?? null
    const base = sources.base?.[rule.field]
    const given = { field: rule.field, place: rule.to, clerk: null, salesforce, base, same: false, rule: rule.rule }
    return {
      ...given,
      from: 'none',
      at: null,
      why: error.message,
      ifClerk: undefined,
      ifSalesforce: 'nothing, until then',
    }
  }
}

const ownChange = ({ entity, rules }: FieldSources, field: string): string => {
  if (entity !== 'invitation' && field === keyOf[entity]) return 'the pair moves to the record that carries the id'
  if (entity === 'person' && field === 'AccountId' && rules.person.primaryAccount === 'blank')
    return 'the Contact stays on the Account where a person puts it'
  if (entity === 'membership' && (field === 'AccountId' || field === 'ContactId'))
    return 'the relation is given up, and that of the right pair is found or made'
  if (field === 'IsDirect') return 'Salesforce decides it by Contact.AccountId'
  return 'it is put back'
}

const ownReason = (sources: FieldSources, field: string): FieldReason => {
  const salesforce = sources.salesforce?.[field] ?? null
  const base = sources.base?.[field]
  const written = lastWrite(sources.changes, 'salesforce', field)
  const ours = written !== undefined && written.value === salesforce
  return {
    field,
    place: undefined,
    clerk: null,
    salesforce,
    base,
    same: base === undefined || base === salesforce,
    rule: 'own',
    from: ours ? 'clerkforce' : salesforce === null ? 'none' : 'salesforce',
    at: ours ? written.at : null,
    why: ours ? written.why : written ? 'changed in Salesforce since clerkforce wrote it' : 'as Salesforce has it',
    ifClerk: undefined,
    ifSalesforce: ownChange(sources, field),
  }
}

/** Every mapped field, then those that clerkforce decides by itself. */
export const explainFields = (sources: FieldSources): FieldReason[] => {
  const { entity, salesforce, rules } = sources
  const mapped = entity === 'invitation' ? [] : rules[entity].fields.map((rule) => reasonOrFault(sources, rule))
  const own = entity === 'invitation' ? Object.keys(salesforce ?? {}) : ownFields[entity]
  // An own field that is empty and that we never wrote is nobody's question.
  const reasons = own.map((field) => ownReason(sources, field))
  return [...mapped, ...reasons.filter(({ from }) => from !== 'none')]
}

/** What a path or a key of a body says, where it is text. */
export const textAt = (body: Body | undefined, path: string): string | undefined => {
  const value = body && readPath(body, path)
  return typeof value === 'string' && value !== '' ? value : undefined
}
