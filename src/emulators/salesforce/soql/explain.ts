import type { Org } from '../org.ts'
import { type Candidates, chooseCandidates, type Narrowing } from './candidates.ts'
import { complaint } from './complaints.ts'
import { parseSoql } from './parse.ts'
import { findObject, resolvePath, type Scope } from './scope.ts'
import type { Condition } from './syntax.ts'
import { compileWhere } from './where.ts'

type Note = { description: string; fields: string[]; tableEnumOrId: string }
type Plan = {
  cardinality: number
  fields: string[]
  leadingOperationType: 'Index' | 'TableScan'
  notes: Note[]
  relativeCost: number
  sobjectCardinality: number
  sobjectType: string
}

const comparedFields = (scope: Scope, condition: Condition): string[] => {
  if (condition.kind === 'not') return comparedFields(scope, condition.part)
  if ('parts' in condition) return condition.parts.flatMap((part) => comparedFields(scope, part))
  const { left } = condition
  return left.kind === 'field' ? [resolvePath(scope, left.path, left.at).field.name] : []
}

// An index pays for as long as it leads to fewer than a tenth of the rows, as a rule of thumb of the query plan tool.
const selective = 0.1

const indexPlan = (scope: Scope, { size }: Candidates, fields: readonly string[], total: number): Plan => ({
  cardinality: size,
  fields: [...new Set(fields)],
  leadingOperationType: 'Index',
  notes: [],
  relativeCost: total === 0 ? 0 : size / total / selective,
  sobjectCardinality: total,
  sobjectType: scope.object.name,
})

const scanPlan = (scope: Scope, total: number, unindexed: readonly string[]): Plan => ({
  cardinality: total,
  fields: [],
  leadingOperationType: 'TableScan',
  notes: [...new Set(unindexed)].map((field) => ({
    description: 'Not considering filter for optimization because unindexed',
    fields: [field],
    tableEnumOrId: scope.object.name,
  })),
  relativeCost: total === 0 ? 0 : 1.2,
  sobjectCardinality: total,
  sobjectType: scope.object.name,
})

/**
 * How a query would be run: the plans, the cheapest first. The shape is Salesforce's; costs are this store's own.
 * @throws RequestFailure for a query that could not be run
 */
export const explain = (org: Org, soql: string): { plans: Plan[]; sourceQuery: string } => {
  if (soql.trim() === '') throw complaint(soql, 0, 'MALFORMED_QUERY', 'A query string has to be specified')
  const query = parseSoql(soql)
  const object = findObject(org, soql, query.from.name, query.from.at)
  const scope: Scope = { org, soql, object, alias: query.alias, all: false }
  const total = org.store.ids(object.name).length
  const narrowing: Narrowing = query.where ? compileWhere(scope, query.where, 'top').narrowing : {}
  const fields = query.where ? comparedFields(scope, query.where) : []
  const candidates = chooseCandidates(org, object, narrowing, undefined)
  const isIndexed = (name: string) =>
    name === 'Id' || name === 'SystemModstamp' || object.byName.get(name.toLowerCase())?.indexed === true
  const scan = scanPlan(scope, total, [...fields.filter((name) => !isIndexed(name)), 'IsDeleted'])
  if (candidates.by === 'scan') return { plans: [scan], sourceQuery: soql }
  const plans = [indexPlan(scope, candidates, fields.filter(isIndexed), total), scan]
  return { plans: plans.sort((a, b) => a.relativeCost - b.relativeCost), sourceQuery: soql }
}
