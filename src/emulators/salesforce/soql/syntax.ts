/** The tree of a query as it was written: names are not looked up yet. `at` is the place in the text, for messages. */
export type Operand = FieldOperand | CallOperand
export type FieldOperand = { kind: 'field'; path: string; at: number }
/** A function, its name in capitals; `text` is the call as it was written, without spaces. */
export type CallOperand = { kind: 'call'; name: string; args: readonly Operand[]; text: string; at: number }

export type Item =
  | { kind: 'value'; of: Operand; alias: string | undefined }
  | { kind: 'children'; query: Query; at: number }

/** A literal: `text` as written, but for a span (such as LAST_N_DAYS) its name in capitals, and `n` what follows the colon. */
export type Literal = {
  kind: 'null' | 'text' | 'number' | 'boolean' | 'date' | 'datetime' | 'span'
  text: string
  n: number | undefined
  at: number
}

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'IN' | 'NOT IN' | 'INCLUDES' | 'EXCLUDES'

export type Comparison = { kind: 'compare'; left: Operand; operator: Operator; values: readonly Literal[] }
/** `field IN (SELECT ...)`, or `NOT IN`. */
export type Join = { kind: 'join'; left: Operand; negated: boolean; query: Query }
export type Condition =
  | { kind: 'and' | 'or'; parts: readonly Condition[] }
  | { kind: 'not'; part: Condition }
  | Comparison
  | Join

export type Grouping = { kind: 'plain' | 'rollup' | 'cube'; by: readonly Operand[] }
export type OrderKey = { by: Operand; descending: boolean; nullsLast: boolean }

export type Query = {
  items: readonly Item[]
  from: { name: string; at: number }
  alias: string | undefined
  scope: { name: string; at: number } | undefined
  where: Condition | undefined
  grouping: Grouping | undefined
  having: Condition | undefined
  orderBy: readonly OrderKey[]
  limit: number | undefined
  offset: number | undefined
  /** FOR VIEW or FOR REFERENCE: the records count as recently used. */
  viewed: boolean
  at: number
}
