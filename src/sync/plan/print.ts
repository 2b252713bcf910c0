import { createHash } from 'node:crypto'
import type { Entity, Value } from '../../model/model.ts'
import type { Plan } from './plan.ts'

/** Fields that refer to other records: known by the Clerk id of whom they refer to, for a record that is not there yet has no other. */
const references: ReadonlySet<string> = new Set(['AccountId', 'ContactId'])

/** The values of a plan by which records are referred to. */
export const referencesIn = (plan: Plan): string[] => {
  if (plan.do !== 'change') return []
  const { fields, before } = plan.change
  return [fields, before].flatMap((values) =>
    Object.entries(values).flatMap(([field, value]) =>
      references.has(field) && typeof value === 'string' ? [value] : [],
    ),
  )
}

type Named = (id: string) => string

const valueIn = (field: string, value: Value | undefined, nameOf: Named): Value =>
  references.has(field) && typeof value === 'string' ? nameOf(value) : (value ?? null)

const sorted = (entries: readonly (readonly [string, unknown])[]): (readonly [string, unknown])[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1))

const carried = (plan: Extract<Plan, { do: 'none' | 'change' }>) =>
  sorted(Object.entries(plan.carry?.fields ?? {}).map(([field, { to, before, value }]) => [field, [to, before, value]]))

const contentOf = (entity: Entity, plan: Plan, nameOf: Named): unknown => {
  switch (plan.do) {
    case 'change': {
      const { kind, id, fields, before } = plan.change
      const written = sorted(
        Object.entries(fields).map(([field, value]) => [
          field,
          [valueIn(field, before[field], nameOf), valueIn(field, value, nameOf)],
        ]),
      )
      // Which relation it is follows from its Contact and Account; Salesforce may have it made only just before.
      return [kind, entity === 'membership' ? null : (id ?? null), written, carried(plan)]
    }
    case 'none':
      return ['none', entity === 'membership' ? null : (plan.id ?? null), carried(plan)]
    case 'park':
      return ['park', plan.code]
    default:
      return [plan.do]
  }
}

/**
 * A short text that is the same for two plans that would write the same over the same values.
 * @param nameOf the Clerk id of whoever has this record of Salesforce's; the id itself where nobody has
 */
export const printOf = (entity: Entity, plan: Plan, nameOf: Named): string =>
  createHash('sha256')
    .update(JSON.stringify(contentOf(entity, plan, nameOf)))
    .digest('base64url')
    .slice(0, 22)
