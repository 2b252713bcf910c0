/**
 * SOQL over the store.
 *
 * Grammar is decided by a real SOQL parser (`parse.ts`); what the names mean, by the schema as the user sees it
 * (`select.ts`); which rows, by tests and indexes (`where.ts`). What Salesforce has and this has not is refused with
 * MALFORMED_QUERY "not supported by the emulator", never guessed: child subqueries, aggregates other than `COUNT()`,
 * semi-joins, `FIELDS()`, functions, date literals of weeks and longer. FIDELITY.md has the list.
 *
 * Text is compared without regard to case, except in unique case-sensitive fields. Null is not less or greater than
 * anything, equals only null, and sorts first. `query` leaves deleted rows out; `queryAll` does not.
 */
import type { FieldType, OrderByClause, Query } from '@jetstreamapp/soql-parser-js'
import { refused } from '../errors.ts'
import type { Org } from '../org.ts'
import type { ObjectType } from '../schema.ts'
import { keyOf, type Row, type Value } from '../store.ts'
import { conditionTree, malformed, parseSoql, unsupported } from './parse.ts'
import { readPath, resolvePath, type Select, selectTree } from './select.ts'
import { compileWhere, type Test } from './where.ts'

export type Result = { kind: 'count'; count: number } | { kind: 'rows'; rows: readonly Row[]; select: Select }

type Ordering = { compare: (a: Row, b: Row) => number; byIdAscending: boolean }

const pathOf = (item: FieldType): string => {
  if (item.type === 'Field') return item.field
  if (item.type === 'FieldRelationship') return [...item.relationships, item.field].join('.')
  if (item.type === 'FieldSubquery') throw unsupported('a child subquery')
  if (item.type === 'FieldTypeof') throw unsupported('TYPEOF')
  throw unsupported(`${item.functionName}()`)
}

const isCount = (items: readonly FieldType[]): boolean => {
  const [item] = items
  return (
    items.length === 1 &&
    item?.type === 'FieldFunctionExpression' &&
    item.functionName.toUpperCase() === 'COUNT' &&
    item.parameters.length === 0
  )
}

// Clauses of the grammar that are not executed here.
const refuseUnsupported = (query: Query): void => {
  const clauses: [unknown, string][] = [
    [query.groupBy, 'GROUP BY'],
    [query.having, 'HAVING'],
    [query.usingScope, 'USING SCOPE'],
    [query.withDataCategory, 'WITH DATA CATEGORY'],
    [query.withSecurityEnforced, 'WITH SECURITY_ENFORCED'],
    [query.withAccessLevel, 'WITH USER_MODE'],
    [query.for, 'FOR'],
    [query.update, 'UPDATE'],
  ]
  for (const [clause, name] of clauses) if (clause !== undefined) throw unsupported(name)
}

const rank = (a: Value, b: Value): number => (a === b ? 0 : (a as string) < (b as string) ? -1 : 1)

const ordering = (org: Org, object: ObjectType, query: Query): Ordering | undefined => {
  if (!query.orderBy) return undefined
  const clauses: OrderByClause[] = Array.isArray(query.orderBy) ? query.orderBy : [query.orderBy]
  const keys = clauses.map((clause) => {
    if (!('field' in clause)) throw unsupported('a function in ORDER BY')
    const path = resolvePath(org, object, clause.field, query.sObjectAlias)
    const read = readPath(org, path)
    return {
      field: path.field,
      read: (row: Row) => keyOf(path.field, read(row)),
      sign: clause.order === 'DESC' ? -1 : 1,
      nulls: clause.nulls === 'LAST' ? 1 : -1,
    }
  })
  const first = keys[0]
  return {
    byIdAscending: first?.field.type === 'id' && first.field.name === 'Id' && first.sign === 1,
    compare: (a, b) => {
      for (const { read, sign, nulls } of keys) {
        const left = read(a)
        const right = read(b)
        if (left === right) continue
        if (left === null) return nulls
        if (right === null) return -nulls
        return sign * rank(left, right)
      }
      return 0
    },
  }
}

const matchingRows = (
  org: Org,
  object: ObjectType,
  { ids, test, all, stopAt }: { ids: readonly string[]; test: Test | undefined; all: boolean; stopAt: number },
): Row[] => {
  const lag = org.settings.lateVisibilityMs
  const rows: Row[] = []
  for (const id of ids) {
    const row = org.store.visible(object.name, id, lag)
    if (!row || (!all && row['IsDeleted'] === true) || (test && !test(row))) continue
    rows.push(row)
    if (rows.length >= stopAt) break
  }
  return rows
}

/**
 * Runs a query.
 * @param all also deleted rows, as `queryAll` does
 * @throws RequestFailure
 */
export const runQuery = (org: Org, soql: string, all: boolean): Result => {
  const query = parseSoql(soql)
  const object = org.schema.find(query.sObject ?? '')
  if (!object?.queryable) {
    throw refused(
      'INVALID_TYPE',
      `\nERROR at Row:1:Column:1\nsObject type '${query.sObject}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
    )
  }
  refuseUnsupported(query)
  const items = query.fields ?? []
  const count = isCount(items)
  const alias = query.sObjectAlias
  const select = count
    ? undefined
    : selectTree(
        object,
        items.map((item) => resolvePath(org, object, pathOf(item), alias)),
      )
  const where = query.where ? compileWhere(org, object, conditionTree(query.where), alias) : undefined
  const order = ordering(org, object, query)
  if (count && order) throw malformed('ORDER BY is not allowed with COUNT()')
  const offset = query.offset ?? 0
  if (offset > 2000) throw refused('NUMBER_OUTSIDE_VALID_RANGE', `Maximum SOQL offset allowed is 2000`)
  const limit = query.limit ?? Number.POSITIVE_INFINITY
  // Indexes know only the newest rows; a query that looks back reads the whole object instead.
  const candidates = org.settings.lateVisibilityMs > 0 ? undefined : where?.candidates()
  const inOrder = (candidates?.ascending ?? true) && (!order || order.byIdAscending)
  const rows = matchingRows(org, object, {
    ids: candidates?.ids ?? org.store.ids(object.name),
    test: where?.test,
    all,
    stopAt: !order || inOrder ? offset + limit : Number.POSITIVE_INFINITY,
  })
  if (!select) return { kind: 'count', count: Math.min(rows.length, limit) }
  if (order && !inOrder) rows.sort(order.compare)
  return { kind: 'rows', rows: rows.slice(offset, offset + limit), select }
}
