/**
 * Random questions to a Salesforce org, as data: `soql-as-text.ts` writes them as SOQL, `soql-as-sql.ts` says what they
 * mean in SQL. Fields, literals and shapes are chosen so that answers are neither all nor nothing.
 */
import fc from 'fast-check'

/** `exact` is text of a unique case-sensitive field. */
export type Kind = 'id' | 'text' | 'exact' | 'flag' | 'number' | 'date' | 'time' | 'pick' | 'multi'
export type Entity = 'Account' | 'Contact' | 'AccountContactRelation'
export type FieldPath = { path: string; kind: Kind }

export type Condition =
  | { is: 'and' | 'or'; parts: Condition[] }
  | { is: 'not'; part: Condition }
  | { is: 'compare'; field: FieldPath; operator: string; value: Literal }
  | { is: 'list'; field: FieldPath; negated: boolean; values: Literal[] }
  | { is: 'like'; field: FieldPath; pattern: Pattern }
  | { is: 'span'; field: FieldPath; operator: string; span: string; n: number | undefined }
  | { is: 'part'; field: FieldPath; fn: string; operator: string; value: number }
  | { is: 'choice'; field: FieldPath; negated: boolean; groups: string[][] }
  | { is: 'join'; left: string; negated: boolean; of: Entity; selected: string; where: Condition | undefined }

export type Literal = string | number | boolean | null
/** Pieces of a LIKE pattern: text as it is, `%` or `_`. */
export type Pattern = ({ text: string } | '%' | '_')[]
export type Order = { field: FieldPath; descending: boolean; nulls: 'FIRST' | 'LAST' | undefined }

export type Children = {
  name: string
  of: Entity
  by: string
  fields: FieldPath[]
  where: Condition | undefined
  limit: number | undefined
}
export type Rows = {
  asks: 'rows'
  of: Entity
  all: boolean
  fields: FieldPath[]
  children: Children | undefined
  where: Condition | undefined
  order: Order[]
  limit: number | undefined
  offset: number | undefined
}
export type Aggregate = { fn: 'COUNT' | 'COUNT_DISTINCT' | 'SUM' | 'AVG' | 'MIN' | 'MAX'; field: FieldPath }
export type Groups = {
  asks: 'groups'
  of: Entity
  by: FieldPath[]
  aggregates: Aggregate[]
  where: Condition | undefined
  having: { aggregate: Aggregate; operator: string; value: number } | undefined
}
export type Count = { asks: 'count'; of: Entity; where: Condition | undefined; limit: number | undefined }
export type Question = Rows | Groups | Count

const fieldsOf = (prefix: string, fields: Record<string, Kind>): FieldPath[] =>
  Object.entries(fields).map(([name, kind]) => ({ path: prefix + name, kind }))

const account: Record<string, Kind> = {
  Name: 'text',
  Industry: 'pick',
  NumberOfEmployees: 'number',
  AnnualRevenue: 'number',
  CreatedDate: 'time',
}
const contact: Record<string, Kind> = {
  LastName: 'text',
  FirstName: 'text',
  Key__c: 'exact',
  LeadSource: 'pick',
  Birthdate: 'date',
  DoNotCall: 'flag',
  CreatedDate: 'time',
  SystemModstamp: 'time',
}

const stamp: FieldPath = { path: 'SystemModstamp', kind: 'time' }

export const fields: Record<Entity, FieldPath[]> = {
  Account: [stamp, ...fieldsOf('', { Id: 'id', ParentId: 'id', ...account }), ...fieldsOf('Parent.', account)],
  Contact: [
    ...fieldsOf('', { Id: 'id', AccountId: 'id', ...contact }),
    ...fieldsOf('Account.', account),
    ...fieldsOf('Account.Parent.', { Name: 'text', Industry: 'pick' }),
    ...fieldsOf('ReportsTo.', { LastName: 'text', DoNotCall: 'flag' }),
  ],
  AccountContactRelation: [
    ...fieldsOf('', { Id: 'id', AccountId: 'id', ContactId: 'id', Roles: 'multi', IsActive: 'flag', IsDirect: 'flag' }),
    ...fieldsOf('', { StartDate: 'date', CreatedDate: 'time', SystemModstamp: 'time' }),
    ...fieldsOf('Account.', { Name: 'text' }),
    ...fieldsOf('Contact.', { LastName: 'text', DoNotCall: 'flag' }),
  ],
}

const words = [
  'Adams',
  'ADAMS',
  'adams',
  'Brown',
  "O'Brien",
  '100%',
  'a_b',
  'back\\slash',
  'Zoë',
  'x y',
  'brown%',
  'Ab',
]
export const values: Record<'text' | 'exact' | 'pick' | 'multi' | 'date' | 'number', readonly Literal[]> = {
  text: words,
  exact: ['k1', 'K1', 'k2', 'K3', 'key_4', 'Key_4', 'k%', 'K5'],
  pick: ['Web', 'web', 'Other', 'Partner Referral', 'Banking', 'Technology', 'Unlisted', 'unlisted'],
  multi: ['Business User', 'Decision Maker', 'Evaluator', 'Other'],
  date: ['1990-02-28', '2000-01-01', '2025-12-31', '2026-01-01', '2026-03-31'],
  number: [0, 1, 2.5, 10, 250, 1_000, -3],
}

const pick = <T>(list: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...list)
const ofKind = (entity: Entity, ...kinds: Kind[]): fc.Arbitrary<FieldPath> =>
  pick(fields[entity].filter(({ kind }) => kinds.includes(kind)))
const often = <T>(arbitrary: fc.Arbitrary<T>, without = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary }, { weight: without, arbitrary: fc.constant(undefined) })

/** The days around which the records were made; see the test. */
export const firstDay: number = Date.UTC(2025, 8, 1)
const times = fc
  .integer({ min: 0, max: 150 * 24 })
  .map((hours) => new Date(firstDay + hours * 3_600_000).toISOString().replace('.000Z', 'Z'))

/** What is really there, to compare with: ids, and times of last changes. */
export type Known = { ids: readonly string[]; stamps: readonly string[] }

/** Questions of all kinds. */
export const questions = ({ ids, stamps }: Known): fc.Arbitrary<Question> => {
  const someId = pick(ids)
  const someTime = fc.oneof(times, pick(stamps))
  const literal = (kind: Kind): fc.Arbitrary<Literal> => {
    if (kind === 'id') return someId
    if (kind === 'flag') return fc.boolean()
    if (kind === 'time') return someTime
    return pick(values[kind])
  }
  const orNull = (kind: Kind): fc.Arbitrary<Literal> =>
    kind === 'flag'
      ? literal(kind)
      : fc.oneof({ weight: 5, arbitrary: literal(kind) }, { weight: 1, arbitrary: fc.constant(null) })
  const operators = (kind: Kind): string[] =>
    kind === 'flag' || kind === 'multi' || kind === 'id' ? ['=', '!='] : ['=', '!=', '<', '<=', '>', '>=']
  const compare = (entity: Entity): fc.Arbitrary<Condition> =>
    pick(fields[entity].filter(({ kind }) => kind !== 'multi')).chain((field) =>
      fc.record({
        is: fc.constant('compare' as const),
        field: fc.constant(field),
        operator: pick(operators(field.kind)),
        value: orNull(field.kind),
      }),
    )
  const list = (entity: Entity): fc.Arbitrary<Condition> =>
    pick(fields[entity].filter(({ kind }) => kind !== 'multi' && kind !== 'flag')).chain((field) =>
      fc.record({
        is: fc.constant('list' as const),
        field: fc.constant(field),
        negated: fc.boolean(),
        values: fc.array(orNull(field.kind), { minLength: 1, maxLength: 4 }),
      }),
    )
  const piece = fc.oneof(
    fc.constant('%' as const),
    fc.constant('_' as const),
    pick(['a', 'A', 'b', '%', '_', '\\', "'", 'dam', 'K', 'k', ' ', '.']).map((text) => ({ text })),
  )
  const like = (entity: Entity): fc.Arbitrary<Condition> =>
    fc.record({
      is: fc.constant('like' as const),
      field: ofKind(entity, 'text', 'exact', 'pick'),
      pattern: fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => ['%' as const, ...pieces, '%' as const]),
    })
  const units = ['DAYS', 'WEEKS', 'MONTHS', 'QUARTERS', 'YEARS']
  const span = fc.oneof(
    pick([
      'TODAY',
      'YESTERDAY',
      'TOMORROW',
      'LAST_90_DAYS',
      'NEXT_90_DAYS',
      ...['WEEK', 'MONTH', 'QUARTER', 'YEAR', 'FISCAL_QUARTER'].flatMap((unit) =>
        ['LAST', 'THIS', 'NEXT'].map((side) => `${side}_${unit}`),
      ),
    ]).map((word) => ({ span: word, n: undefined })),
    fc
      .tuple(pick(units), pick(['LAST_N_', 'NEXT_N_', 'AGO']), fc.integer({ min: 1, max: 6 }))
      .map(([unit, side, n]) => ({ span: side === 'AGO' ? `N_${unit}_AGO` : side + unit, n })),
  )
  const spans = (entity: Entity): fc.Arbitrary<Condition> =>
    fc
      .record({ field: ofKind(entity, 'date', 'time'), operator: pick(['=', '!=', '<', '<=', '>', '>=']), span })
      .map(({ field, operator, span: { span: word, n } }) => ({ is: 'span' as const, field, operator, span: word, n }))
  const functions = [
    'CALENDAR_MONTH',
    'CALENDAR_QUARTER',
    'CALENDAR_YEAR',
    'DAY_IN_MONTH',
    'DAY_IN_WEEK',
    'DAY_IN_YEAR',
    'WEEK_IN_MONTH',
    'WEEK_IN_YEAR',
    'HOUR_IN_DAY',
  ]
  const part = (entity: Entity): fc.Arbitrary<Condition> =>
    fc.record({
      is: fc.constant('part' as const),
      field: ofKind(entity, 'time'),
      fn: pick(functions),
      operator: pick(['=', '!=', '<', '>=']),
      value: fc.integer({ min: 0, max: 40 }),
    })
  const choice: fc.Arbitrary<Condition> = fc.record({
    is: fc.constant('choice' as const),
    field: ofKind('AccountContactRelation', 'multi'),
    negated: fc.boolean(),
    groups: fc.array(fc.uniqueArray(pick(values.multi as string[]), { minLength: 1, maxLength: 2 }), {
      minLength: 1,
      maxLength: 2,
    }),
  })
  const leaf = (entity: Entity): fc.Arbitrary<Condition> =>
    fc.oneof(
      compare(entity),
      compare(entity),
      list(entity),
      like(entity),
      spans(entity),
      part(entity),
      ...(entity === 'AccountContactRelation' ? [choice] : []),
    )
  const tree = (entity: Entity, depth: number): fc.Arbitrary<Condition> =>
    depth === 0
      ? leaf(entity)
      : fc.oneof(
          { weight: 3, arbitrary: leaf(entity) },
          {
            weight: 2,
            arbitrary: fc.record({
              is: pick(['and', 'or'] as const),
              parts: fc.array(tree(entity, depth - 1), { minLength: 2, maxLength: 3 }),
            }),
          },
          { weight: 1, arbitrary: fc.record({ is: fc.constant('not' as const), part: tree(entity, depth - 1) }) },
        )
  const joins: { on: Entity; left: string; of: Entity; selected: string }[] = [
    { on: 'Account', left: 'Id', of: 'Contact', selected: 'AccountId' },
    { on: 'Account', left: 'ParentId', of: 'AccountContactRelation', selected: 'AccountId' },
    { on: 'Contact', left: 'AccountId', of: 'Account', selected: 'Id' },
    { on: 'Contact', left: 'Id', of: 'AccountContactRelation', selected: 'ContactId' },
    { on: 'Account', left: 'ParentId', of: 'Contact', selected: 'AccountId' },
    { on: 'AccountContactRelation', left: 'AccountId', of: 'Account', selected: 'ParentId' },
  ]
  const join = (entity: Entity): fc.Arbitrary<Condition> =>
    pick(joins.filter(({ on }) => on === entity)).chain(({ left, of, selected }) =>
      fc.record({
        is: fc.constant('join' as const),
        left: fc.constant(left),
        negated: fc.boolean(),
        of: fc.constant(of),
        selected: fc.constant(selected),
        where: often(tree(of, 1)),
      }),
    )
  const where = (entity: Entity): fc.Arbitrary<Condition | undefined> =>
    often(
      fc.oneof(
        { weight: 4, arbitrary: tree(entity, 2) },
        { weight: 1, arbitrary: join(entity) },
        {
          weight: 1,
          arbitrary: fc.record({ is: fc.constant('and' as const), parts: fc.tuple(join(entity), tree(entity, 1)) }),
        },
      ),
    )
  const relations: Record<Entity, Omit<Children, 'fields' | 'where' | 'limit'>[]> = {
    Account: [
      { name: 'Contacts', of: 'Contact', by: 'AccountId' },
      { name: 'ChildAccounts', of: 'Account', by: 'ParentId' },
      { name: 'AccountContactRelations', of: 'AccountContactRelation', by: 'AccountId' },
    ],
    Contact: [{ name: 'AccountContactRelations', of: 'AccountContactRelation', by: 'ContactId' }],
    AccountContactRelation: [],
  }
  const limit = fc.integer({ min: 0, max: 30 })
  const children = (entity: Entity): fc.Arbitrary<Children | undefined> =>
    relations[entity].length === 0
      ? fc.constant(undefined)
      : often(
          pick(relations[entity]).chain((relation) =>
            fc
              .record({
                fields: fc.uniqueArray(pick(fields[relation.of]), {
                  minLength: 1,
                  maxLength: 3,
                  selector: ({ path }) => path,
                }),
                where: often(tree(relation.of, 1)),
                limit: often(fc.integer({ min: 1, max: 3 })),
              })
              .map((rest) => ({ ...relation, ...rest })),
          ),
          6,
        )
  // The order of a sync that walks along what changed, which the emulator has an index for.
  const walk: Order[] = [{ field: stamp, descending: false, nulls: undefined }]
  const order = (entity: Entity): fc.Arbitrary<Order[]> =>
    fc.oneof({ weight: 1, arbitrary: fc.constant(walk) }, { weight: 4, arbitrary: anyOrder(entity) })
  const anyOrder = (entity: Entity): fc.Arbitrary<Order[]> =>
    fc.uniqueArray(
      fc.record({
        field: pick(fields[entity].filter(({ kind }) => kind !== 'multi')),
        descending: fc.boolean(),
        nulls: pick(['FIRST', 'LAST', undefined] as const),
      }),
      { maxLength: 3, selector: ({ field }) => field.path },
    )
  const rows = (entity: Entity): fc.Arbitrary<Rows> =>
    fc.record({
      asks: fc.constant('rows' as const),
      of: fc.constant(entity),
      all: fc.boolean(),
      fields: fc.uniqueArray(pick(fields[entity]), { minLength: 1, maxLength: 5, selector: ({ path }) => path }),
      children: children(entity),
      where: where(entity),
      order: order(entity),
      limit: often(limit),
      offset: often(fc.integer({ min: 0, max: 10 }), 4),
    })
  const aggregate = (entity: Entity): fc.Arbitrary<Aggregate> =>
    pick(fields[entity].filter(({ kind }) => kind !== 'flag' && kind !== 'multi')).chain((field) =>
      fc.record({
        fn: pick(
          (field.kind === 'number'
            ? ['COUNT', 'COUNT_DISTINCT', 'SUM', 'AVG', 'MIN', 'MAX']
            : ['COUNT', 'COUNT_DISTINCT', 'MIN', 'MAX']) as Aggregate['fn'][],
        ),
        field: fc.constant(field),
      }),
    )
  const key = (entity: Entity) => ofKind(entity, 'text', 'exact', 'pick', 'flag', 'date', 'id')
  const groups = (entity: Entity): fc.Arbitrary<Groups> =>
    fc
      .record({
        asks: fc.constant('groups' as const),
        of: fc.constant(entity),
        by: fc.uniqueArray(key(entity), { maxLength: 2, selector: ({ path }) => path.split('.').at(-1) }),
        aggregates: fc.array(aggregate(entity), { minLength: 1, maxLength: 3 }),
        where: where(entity),
        having: often(
          fc.record({
            aggregate: aggregate(entity).map(({ field }) => ({ fn: 'COUNT' as const, field })),
            operator: pick(['>', '<=', '=', '!=']),
            value: fc.integer({ min: 0, max: 4 }),
          }),
          3,
        ),
      })
      .map((groups) => {
        const isKey = ({ field }: Aggregate) => groups.by.some(({ path }) => path === field.path)
        const aggregates = groups.aggregates.filter((each) => !isKey(each))
        const having =
          groups.by.length > 0 && groups.having && !isKey(groups.having.aggregate) ? groups.having : undefined
        const id: Aggregate = { fn: 'COUNT', field: stamp }
        return { ...groups, having, aggregates: aggregates.length > 0 ? aggregates : [id] }
      })
  const count = (entity: Entity): fc.Arbitrary<Count> =>
    fc.record({
      asks: fc.constant('count' as const),
      of: fc.constant(entity),
      where: where(entity),
      limit: often(limit, 3),
    })
  return pick(['Account', 'Contact', 'AccountContactRelation'] as const).chain((entity) =>
    fc.oneof(
      { weight: 6, arbitrary: rows(entity) },
      { weight: 3, arbitrary: groups(entity) },
      { weight: 1, arbitrary: count(entity) },
    ),
  )
}
