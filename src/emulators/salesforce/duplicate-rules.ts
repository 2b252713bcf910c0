/**
 * Duplicate rules of the org's admin: a new or edited record is compared with the others, and refused when it looks like
 * one of them.
 *
 * All fields of a rule must match. A field that is empty matches nothing. A rule runs on an edit only when one of its
 * fields was changed (help, "Duplicate Rules"). `alert` lets `Sforce-Duplicate-Rule-Header: allowSave=true` pass, `block`
 * lets nobody pass. Salesforce's fuzzy methods are not published in full; `name` and `phone` here are the exact part of
 * them: what is left when case, punctuation, white space and the usual legal forms are taken away.
 */
import { RecordFailure } from './errors.ts'
import { liveRows, type Writer } from './records/checks.ts'
import { showField } from './records/values.ts'
import type { Field, ObjectType } from './schema.ts'
import { keyOf, type Row, type Value } from './store.ts'

/** How two values are compared. @see duplicate-rules.ts */
export type MatchBy = 'exact' | 'email' | 'name' | 'phone'

/** Finds records that agree in one or several fields. */
export type DuplicateRule = {
  object: string
  /** One field, compared exactly but for case. Either this or `fields`. */
  field?: string
  /** Several fields, which must all agree. */
  fields?: readonly (string | { field: string; by: MatchBy })[]
  /** `block` always refuses; `alert` lets `Sforce-Duplicate-Rule-Header: allowSave=true` pass. */
  action: 'block' | 'alert'
  /** @default both */
  on?: readonly ('insert' | 'update')[]
  name?: string
  message?: string
}

type Matcher = { field: Field; by: MatchBy }

const words = (text: string): string[] =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s]/gu, '')
    .split(/\s+/)
    .filter((word) => word !== '')
const legalForms = new Set([
  'inc',
  'incorporated',
  'corp',
  'corporation',
  'co',
  'company',
  'ltd',
  'limited',
  'llc',
  'gmbh',
  'ag',
  'sa',
  'plc',
])

const normal: Readonly<Record<Exclude<MatchBy, 'exact'>, (text: string) => string>> = {
  email: (text) => text.trim().toLowerCase(),
  phone: (text) => text.replace(/\D/g, ''),
  name: (text) => {
    const all = words(text)
    const bare = all.filter((word) => !legalForms.has(word))
    return (bare.length > 0 ? bare : all).join(' ')
  },
}

const comparable = ({ field, by }: Matcher, row: Row | undefined): Value => {
  const value = row?.[field.name] ?? null
  const key = by === 'exact' || typeof value !== 'string' ? keyOf(field, value) : normal[by](value)
  return key === '' ? null : key
}

const matchersOf = (rule: DuplicateRule, object: ObjectType): Matcher[] =>
  [...(rule.field === undefined ? [] : [rule.field]), ...(rule.fields ?? [])].flatMap((given) => {
    const { field: name, by } = typeof given === 'string' ? { field: given, by: 'exact' as const } : given
    const field = object.byName.get(name.toLowerCase())
    return field ? [{ field, by }] : []
  })

/** Rows that may match: by an index where a field has one, else all. */
const candidates = (writer: Writer, object: ObjectType, matchers: readonly Matcher[], row: Row): Row[] => {
  const { store } = writer.org
  const exact = matchers.find(({ field, by }) => (by === 'exact' || by === 'email') && field.indexed)
  if (exact) return liveRows(writer.org, object, exact.field, row[exact.field.name] ?? null)
  return store.ids(object.name).flatMap((id) => {
    const each = store.get(object.name, id)
    return each && each['IsDeleted'] !== true ? [each] : []
  })
}

const shownMatch = (writer: Writer, object: ObjectType, match: Row): Record<string, unknown> => {
  const record: Record<string, unknown> = { attributes: { type: object.name }, Id: match.Id }
  if (!writer.duplicateDetails) return record
  for (const field of object.fields)
    if (field.visible && field.name !== 'Id') record[field.name] = showField(field, match)
  return record
}

const duplicateBody = (writer: Writer, rule: DuplicateRule, object: ObjectType, matches: readonly Row[]): unknown => ({
  allowSave: rule.action === 'alert',
  duplicateRule: rule.name ?? `${object.name}_Duplicate_Rule`,
  duplicateRuleEntityType: object.name,
  errorMessage: rule.message ?? 'Use one of these records?',
  matchResults: [
    {
      entityType: object.name,
      errors: [],
      matchEngine: 'ExactMatchEngine',
      matchRecords: matches.map((match) => ({
        additionalInformation: [],
        fieldDiffs: [],
        matchConfidence: 100,
        record: shownMatch(writer, object, match),
      })),
      rule: `${object.name}_Matching_Rule`,
      size: matches.length,
      success: true,
    },
  ],
})

/** @throws RecordFailure DUPLICATES_DETECTED */
export const checkDuplicateRules = (writer: Writer, object: ObjectType, row: Row, before: Row | undefined): void => {
  for (const rule of writer.org.duplicateRules) {
    if (rule.object !== object.name || rule.on?.includes(before ? 'update' : 'insert') === false) continue
    if (rule.action === 'alert' && writer.allowDuplicates) continue
    const matchers = matchersOf(rule, object)
    const wanted = matchers.map((matcher) => comparable(matcher, row))
    const edited = matchers.some((matcher, i) => comparable(matcher, before) !== wanted[i])
    if (matchers.length === 0 || wanted.includes(null) || !edited) continue
    const matches = candidates(writer, object, matchers, row).filter(
      (match) => match.Id !== row.Id && matchers.every((matcher, i) => comparable(matcher, match) === wanted[i]),
    )
    if (matches.length === 0) continue
    throw new RecordFailure([
      {
        statusCode: 'DUPLICATES_DETECTED',
        message: rule.message ?? 'Use one of these records?',
        fields: [],
        duplicate: duplicateBody(writer, rule, object, matches),
      },
    ])
  }
}
