import type { Aggregate, Condition, FieldPath, Kind, Literal, Pattern, Question } from './soql-questions.ts'

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const literal = (kind: Kind, value: Literal): string => {
  if (value === null) return 'null'
  return typeof value === 'string' && kind !== 'date' && kind !== 'time' ? quoted(value) : String(value)
}

const pattern = (pieces: Pattern): string =>
  `'${pieces
    .map((piece) =>
      typeof piece === 'string'
        ? piece
        : piece.text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll(/[%_]/g, '\\$&'),
    )
    .join('')}'`

const write = (condition: Condition): string => {
  switch (condition.is) {
    case 'and':
    case 'or':
      return condition.parts.map((part) => `(${write(part)})`).join(condition.is === 'and' ? ' AND ' : ' OR ')
    case 'not':
      return `NOT (${write(condition.part)})`
    case 'compare':
      return `${condition.field.path} ${condition.operator} ${literal(condition.field.kind, condition.value)}`
    case 'list': {
      const { field, negated, values } = condition
      return `${field.path} ${negated ? 'NOT IN' : 'IN'} (${values.map((value) => literal(field.kind, value)).join(', ')})`
    }
    case 'like':
      return `${condition.field.path} LIKE ${pattern(condition.pattern)}`
    case 'span':
      return `${condition.field.path} ${condition.operator} ${condition.span}${condition.n === undefined ? '' : `:${condition.n}`}`
    case 'part':
      return `${condition.fn}(${condition.field.path}) ${condition.operator} ${condition.value}`
    case 'choice':
      return `${condition.field.path} ${condition.negated ? 'EXCLUDES' : 'INCLUDES'} (${condition.groups.map((group) => quoted(group.join(';'))).join(', ')})`
    case 'join': {
      const { left, negated, of, selected, where } = condition
      return `${left} ${negated ? 'NOT IN' : 'IN'} (SELECT ${selected} FROM ${of}${clause(where)})`
    }
  }
}

const clause = (where: Condition | undefined): string => (where ? ` WHERE ${write(where)}` : '')
const paths = (fields: readonly FieldPath[]): string => fields.map(({ path }) => path).join(', ')
const call = ({ fn, field }: Aggregate): string => `${fn}(${field.path})`

/** The question as SOQL. Rows and groups always have a full order, so that there is one right answer. */
export const asText = (question: Question): string => {
  const from = ` FROM ${question.of}${clause(question.where)}`
  const end = 'limit' in question && question.limit !== undefined ? ` LIMIT ${question.limit}` : ''
  if (question.asks === 'count') return `SELECT COUNT()${from}${end}`
  if (question.asks === 'groups') {
    const { by, aggregates, having } = question
    const select = [...by.map(({ path }) => path), ...aggregates.map((each, i) => `${call(each)} a${i}`)].join(', ')
    if (by.length === 0) return `SELECT ${select}${from}`
    const filter = having ? ` HAVING ${call(having.aggregate)} ${having.operator} ${having.value}` : ''
    return `SELECT ${select}${from} GROUP BY ${paths(by)}${filter} ORDER BY ${paths(by)}`
  }
  const { fields, children, order, offset } = question
  const nested = children
    ? `, (SELECT ${paths(children.fields)} FROM ${children.name}${clause(children.where)} ORDER BY Id${children.limit === undefined ? '' : ` LIMIT ${children.limit}`})`
    : ''
  const keys = order.map(
    ({ field, descending, nulls }) => `${field.path}${descending ? ' DESC' : ''}${nulls ? ` NULLS ${nulls}` : ''}`,
  )
  const last = order.some(({ field }) => field.path === 'Id') ? [] : ['Id']
  return `SELECT ${paths(fields)}${nested}${from} ORDER BY ${[...keys, ...last].join(', ')}${end}${offset === undefined ? '' : ` OFFSET ${offset}`}`
}
