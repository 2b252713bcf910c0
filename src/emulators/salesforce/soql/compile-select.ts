import type { Value } from '../store.ts'
import { compileChildren } from './children.ts'
import { malformed } from './complaints.ts'
import { compileOperand, fieldOf, needsGroups } from './expressions.ts'
import { formatter } from './format.ts'
import { resolvePath, type Scope } from './scope.ts'
import { addItem, type Select, selectOfParents } from './select.ts'
import type { Item, Query } from './syntax.ts'

// toLabel and FORMAT show a field in another form; they may have an alias, which plain fields may not.
const addCall = (scope: Scope, root: Select, item: Extract<Item, { kind: 'value' }>): void => {
  const { of, alias } = item
  if (of.kind !== 'call') return
  const inner = of.name === 'FORMAT' ? compileOperand(scope, fieldOf(of.args[0], of)) : compileOperand(scope, of)
  const { path } = inner
  const { name } = path.field
  const show = of.name === 'FORMAT' ? formatter(path.field) : (value: Value) => value
  addItem(selectOfParents(root, path), { name: alias ?? name, value: (row) => show(row[name] ?? null) })
}

/**
 * What a query shows of its records.
 * @param depth how many child subqueries this one is within
 * @throws RequestFailure
 */
export const compileSelect = (scope: Scope, query: Query, version: string, depth = 0): Select => {
  const root: Select = { object: scope.object, items: [] }
  for (const item of query.items) {
    if (item.kind === 'children') {
      const nest = (inner: Scope, nested: Query, level: number) => compileSelect(inner, nested, version, level)
      addItem(root, compileChildren(scope, item.query, { nest, depth, version }))
    } else if (needsGroups(item.of)) throw malformed('only root queries support aggregate expressions')
    else if (item.of.kind === 'call') addCall(scope, root, item)
    else {
      if (item.alias) throw malformed('only aggregate expressions use field aliasing')
      const path = resolvePath(scope, item.of.path, item.of.at)
      addItem(selectOfParents(root, path), { field: path.field })
    }
  }
  return root
}
