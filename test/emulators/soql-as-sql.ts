/**
 * What a question means, in PostgreSQL's terms: written from the SOQL reference, and without a look at how the emulator
 * does it. Every condition is made two-valued at its leaves: what cannot be told is false, and NOT turns it around.
 */
import type { Aggregate, Condition, Entity, FieldPath, Kind, Literal, Pattern, Question } from './soql-questions.ts'

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** Aliases of the tables that an object's paths lead to, and how they are joined. */
const joins: Record<Entity, Record<string, { table: Entity; by: string; from: string }>> = {
  Account: { Parent: { table: 'Account', by: 'ParentId', from: '' } },
  Contact: {
    Account: { table: 'Account', by: 'AccountId', from: '' },
    'Account.Parent': { table: 'Account', by: 'ParentId', from: 'Account' },
    ReportsTo: { table: 'Contact', by: 'ReportsToId', from: '' },
  },
  AccountContactRelation: {
    Account: { table: 'Account', by: 'AccountId', from: '' },
    Contact: { table: 'Contact', by: 'ContactId', from: '' },
  },
}

/** One level of a query; `root` names its table, so that levels do not clash. */
type Level = { of: Entity; root: string; now: number; all: boolean }

const aliasOf = (level: Level, path: string): string =>
  path === '' ? level.root : `${level.root}_${path.replaceAll('.', '_')}`
const tables = (level: Level): string =>
  [
    `"${level.of}" ${aliasOf(level, '')}`,
    ...Object.entries(joins[level.of]).map(
      ([path, { table, by, from }]) =>
        `left join "${table}" ${aliasOf(level, path)} on ${aliasOf(level, path)}."Id" = ${aliasOf(level, from)}."${by}"`,
    ),
  ].join(' ')

const live = (level: Level): string => (level.all ? 'true' : `not ${level.root}."IsDeleted"`)

const column = (level: Level, path: string): string => {
  const names = path.split('.')
  return `${aliasOf(level, names.slice(0, -1).join('.'))}."${names.at(-1)}"`
}

const picklists: Record<string, string[]> = {
  Industry: ['Banking', 'Consulting', 'Education', 'Healthcare', 'Technology', 'Other'],
  LeadSource: ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other'],
}

/** How values of a kind compare: text by its lower case, a missing checkbox is an empty one. */
const comparable = (sql: string, kind: Kind): string => {
  if (kind === 'text' || kind === 'pick' || kind === 'multi') return `lower(${sql}) collate "C"`
  if (kind === 'flag') return `coalesce(${sql}, false)`
  return kind === 'exact' || kind === 'id' ? `${sql} collate "C"` : sql
}

/** How values of a kind sort: a picklist as it is set up, what is not in it last. */
const sortable = (sql: string, { path, kind }: FieldPath): string[] => {
  const list = kind === 'pick' ? picklists[path.split('.').at(-1) ?? ''] : undefined
  if (!list) return [comparable(sql, kind)]
  const places = `array[${list.map((each) => text(each.toLowerCase())).join(',')}]`
  return [
    `case when ${sql} is null then null else coalesce(array_position(${places}, lower(${sql})), 99) end`,
    comparable(sql, kind),
  ]
}

const literal = (kind: Kind, value: Literal): string => {
  if (value === null || value === '') return 'null'
  if (typeof value !== 'string') return String(value)
  if (kind === 'time') return `timestamp ${text(value.replace('Z', ''))}`
  if (kind === 'date') return `date ${text(value)}`
  return comparable(text(value), kind)
}

const like = (pieces: Pattern): string =>
  text(pieces.map((piece) => (typeof piece === 'string' ? piece : piece.text.replaceAll(/[\\%_]/g, '\\$&'))).join(''))

/** The first moment of a span and of what follows it. */
const spanOf = (word: string, n: number | undefined, now: number): [string, string] => {
  const today = `date_trunc('day', timestamp ${text(new Date(now).toISOString().slice(0, 19))})`
  const start = (unit: string, shift: number): string => {
    const step = unit === 'quarter' ? `interval '${shift * 3} month'` : `interval '${shift} ${unit}'`
    // PostgreSQL's weeks begin on Monday.
    const period =
      unit === 'week'
        ? `date_trunc('week', ${today} + interval '1 day') - interval '1 day'`
        : `date_trunc('${unit}', ${today})`
    return `(${period} + ${step})`
  }
  const spanning = (unit: string, from: number, to: number): [string, string] => [start(unit, from), start(unit, to)]
  const named: Record<string, [number, number]> = {
    TODAY: [0, 1],
    YESTERDAY: [-1, 0],
    TOMORROW: [1, 2],
    LAST_90_DAYS: [-90, 1],
    NEXT_90_DAYS: [1, 91],
  }
  const fixed = named[word]
  if (fixed) return spanning('day', ...fixed)
  const unit = /(DAY|WEEK|MONTH|QUARTER|YEAR)/.exec(word)?.[1]?.toLowerCase() ?? ''
  if (word.endsWith('_AGO')) return spanning(unit, -(n ?? 0), 1 - (n ?? 0))
  if (n !== undefined)
    return word.startsWith('NEXT') ? spanning(unit, 1, n + 1) : spanning(unit, -n, unit === 'day' ? 1 : 0)
  const shift = { LAST: -1, THIS: 0, NEXT: 1 }[word.split('_')[0] ?? ''] ?? 0
  return spanning(unit, shift, shift + 1)
}

const parts: Record<string, (sql: string) => string> = {
  CALENDAR_MONTH: (sql) => `extract(month from ${sql})`,
  CALENDAR_QUARTER: (sql) => `extract(quarter from ${sql})`,
  CALENDAR_YEAR: (sql) => `extract(year from ${sql})`,
  DAY_IN_MONTH: (sql) => `extract(day from ${sql})`,
  DAY_IN_WEEK: (sql) => `(extract(dow from ${sql}) + 1)`,
  DAY_IN_YEAR: (sql) => `extract(doy from ${sql})`,
  WEEK_IN_MONTH: (sql) => `ceil(extract(day from ${sql}) / 7.0)`,
  WEEK_IN_YEAR: (sql) => `ceil(extract(doy from ${sql}) / 7.0)`,
  HOUR_IN_DAY: (sql) => `extract(hour from ${sql})`,
}

const sure = (sql: string): string => `coalesce(${sql}, false)`

const equals = (left: string, kind: Kind, value: Literal): string =>
  value === null ? `${left} is null` : sure(`${left} = ${literal(kind, value)}`)

const span = (level: Level, { field, operator, span: word, n }: Extract<Condition, { is: 'span' }>): string => {
  const left = column(level, field.path)
  const [from, to] = spanOf(word, n, level.now)
  const within = sure(`${left} >= ${from} and ${left} < ${to}`)
  if (operator === '=') return within
  if (operator === '!=') return `not ${within}`
  return sure(
    `${left} ${operator === '<' || operator === '>=' ? `${operator} ${from}` : operator === '>' ? `>= ${to}` : `< ${to}`}`,
  )
}

const where = (level: Level, condition: Condition): string => {
  if ('parts' in condition) return condition.parts.map((part) => `(${where(level, part)})`).join(` ${condition.is} `)
  if (condition.is === 'not') return `not (${where(level, condition.part)})`
  if (condition.is === 'span') return span(level, condition)
  if (condition.is === 'join') {
    const inner: Level = { ...level, of: condition.of, root: `${level.root}j` }
    const selected = column(inner, condition.selected)
    const filter = condition.where ? `and (${where(inner, condition.where)})` : ''
    const list = `select ${selected} from ${tables(inner)} where ${live(inner)} and ${selected} is not null ${filter}`
    const isIn = sure(`${column(level, condition.left)} in (${list})`)
    return condition.negated ? `not ${isIn}` : isIn
  }
  const { kind } = condition.field
  const raw = column(level, condition.field.path)
  const left = comparable(raw, kind)
  if (condition.is === 'compare') {
    const { operator, value } = condition
    if (operator === '=') return equals(left, kind, value)
    if (operator === '!=') return `not (${equals(left, kind, value)})`
    return sure(`${left} ${operator} ${literal(kind, value)}`)
  }
  if (condition.is === 'list') {
    const isIn = `(${condition.values.map((value) => equals(left, kind, value)).join(' or ')})`
    return condition.negated ? `not ${isIn}` : isIn
  }
  if (condition.is === 'like') {
    const matched = like(condition.pattern)
    return sure(kind === 'exact' ? `${raw} like ${matched}` : `lower(${raw}) like lower(${matched})`)
  }
  if (condition.is === 'part') {
    const value = parts[condition.fn]?.(raw) ?? raw
    return condition.operator === '!='
      ? `${value} is distinct from ${condition.value}`
      : sure(`${value} ${condition.operator} ${condition.value}`)
  }
  const has = `string_to_array(${raw}, ';')`
  const includes = sure(condition.groups.map((group) => `${has} @> array[${group.map(text).join(',')}]`).join(' or '))
  return condition.negated ? `not ${includes}` : includes
}

const shown = (sql: string, kind: Kind): string =>
  kind === 'time' ? `to_char(${sql}, 'YYYY-MM-DD"T"HH24:MI:SS".000+0000"')` : kind === 'date' ? `${sql}::text` : sql

/** The JSON of a record: fields of parents within their parents. */
const record = (level: Level, fields: readonly FieldPath[], prefix = '', extra = ''): string => {
  const own = fields.filter(({ path }) => path.split('.').slice(0, -1).join('.') === prefix)
  const names = new Set(
    fields
      .map(({ path }) => path.split('.').slice(0, -1).join('.'))
      .flatMap((path) => {
        const rest = prefix === '' ? path : path.startsWith(`${prefix}.`) ? path.slice(prefix.length + 1) : ''
        return rest === '' ? [] : [rest.split('.')[0] ?? '']
      }),
  )
  const entries = [
    ...own.map(({ path, kind }) => `${text(path.split('.').at(-1) ?? '')}, ${shown(column(level, path), kind)}`),
    ...[...names].map((name) => {
      const parent = prefix === '' ? name : `${prefix}.${name}`
      return `${text(name)}, case when ${aliasOf(level, parent)}."Id" is not null then ${record(level, fields, parent)} end`
    }),
    ...(extra === '' ? [] : [extra]),
  ]
  return `json_build_object(${entries.join(', ')})`
}

const aggregate = (level: Level, { fn, field }: Aggregate): string => {
  const raw = column(level, field.path)
  if (fn === 'COUNT') return `count(${raw})`
  if (fn === 'COUNT_DISTINCT') return `count(distinct ${comparable(raw, field.kind)})`
  if (fn === 'SUM' || fn === 'AVG') return `${fn.toLowerCase()}(${raw})`
  const keys = [...sortable(raw, field).map((key) => `${key} ${fn === 'MAX' ? 'desc' : 'asc'}`), `${level.root}."Id"`]
  return shown(`(array_agg(${raw} order by ${keys.join(', ')}) filter (where ${raw} is not null))[1]`, field.kind)
}

/** The question as SQL with one JSON value in each row, `r`. */
export const asSql = (question: Question, now: number): string => {
  const all = question.asks === 'rows' && question.all
  const level: Level = { of: question.of, root: 't', now, all }
  const from = `from ${tables(level)} where ${live(level)}${question.where ? ` and (${where(level, question.where)})` : ''}`
  const limit = 'limit' in question && question.limit !== undefined ? ` limit ${question.limit}` : ''
  if (question.asks === 'count') return `select to_json(count(*)) as r from (select 1 ${from}${limit}) x`
  if (question.asks === 'groups') {
    const { by, aggregates, having } = question
    const keys = by.map(({ path, kind }) => comparable(column(level, path), kind))
    // Of values that differ only in case the group shows the one of its first record.
    const shownKeys = by.map(({ path, kind }) => {
      const first = `(array_agg(${kind === 'flag' ? comparable(column(level, path), kind) : column(level, path)} order by t."Id"))[1]`
      return `${text(path.split('.').at(-1) ?? '')}, ${shown(first, kind)}`
    })
    const calls = aggregates.map((each, i) => `'a${i}', ${aggregate(level, each)}`)
    const select = `select json_build_object(${[...shownKeys, ...calls].join(', ')}) as r ${from}`
    if (by.length === 0) return select
    const filter = having
      ? ` having ${aggregate(level, having.aggregate)} ${having.operator.replace('!=', '<>')} ${having.value}`
      : ''
    const order = by.flatMap((field) => {
      const [place, ...rest] = sortable(column(level, field.path), field)
      return (rest.length > 0 ? [`min(${place})`, ...rest] : [place]).map((key) => `${key} nulls first`)
    })
    return `${select} group by ${keys.join(', ')}${filter} order by ${order.join(', ')}`
  }
  const { fields, children, order, offset } = question
  let extra = ''
  if (children) {
    const inner: Level = { ...level, of: children.of, root: 'c' }
    const filter = children.where ? ` and (${where(inner, children.where)})` : ''
    const rows = `select ${record(inner, children.fields)} as r, c."Id" as id from ${tables(inner)} where c."${children.by}" = t."Id" and ${live(inner)}${filter} order by c."Id"${children.limit === undefined ? '' : ` limit ${children.limit}`}`
    extra = `${text(children.name)}, (select json_agg(r order by id) from (${rows}) x)`
  }
  const keys = order.flatMap(({ field, descending, nulls }) =>
    sortable(column(level, field.path), field).map(
      (key) => `${key} ${descending ? 'desc' : 'asc'} nulls ${nulls ?? 'first'}`,
    ),
  )
  return `select ${record(level, fields, '', extra)} as r ${from} order by ${[...keys, 't."Id" collate "C"'].join(', ')}${limit}${offset === undefined ? '' : ` offset ${offset}`}`
}
