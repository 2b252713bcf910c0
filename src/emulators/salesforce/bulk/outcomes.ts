/** What became of one row. */
export type RowState = 'todo' | 'updated' | 'created' | 'failed'

const states: readonly RowState[] = ['todo', 'updated', 'created', 'failed']

/** What became of each row of an upload: a byte, an id and, for the few that failed, a text. */
export type Outcomes = {
  count: number
  state: (row: number) => RowState
  id: (row: number) => string
  error: (row: number) => string
  succeed: (row: number, id: string, created: boolean) => void
  /** @param id of the record where the row named one; empty otherwise */
  fail: (row: number, error: string, id: string) => void
  /** Rows that are done, failed ones included. */
  processed: () => number
  failed: () => number
  dump: () => OutcomesDump
}

export type OutcomesDump = {
  count: number
  states: string
  ids: readonly (string | null)[]
  errors: readonly (readonly [number, string])[]
}

/** @param dump what an earlier `dump` gave, to go on from there */
export const createOutcomes = (count: number, dump?: OutcomesDump): Outcomes => {
  const marks = dump ? new Uint8Array(Buffer.from(dump.states, 'base64')) : new Uint8Array(count)
  const ids: (string | null)[] = dump ? [...dump.ids] : []
  const errors = new Map<number, string>(dump?.errors)
  let processed = 0
  let failed = 0
  for (const mark of marks) {
    if (mark > 0) processed++
    if (mark === 3) failed++
  }
  const mark = (row: number, state: RowState) => {
    if (marks[row] !== 0) throw new Error(`row ${row} has its outcome already`)
    marks[row] = states.indexOf(state)
    processed++
    if (state === 'failed') failed++
  }
  return {
    count,
    state: (row) => states[marks[row] ?? 0] ?? 'todo',
    id: (row) => ids[row] ?? '',
    error: (row) => errors.get(row) ?? '',
    succeed: (row, id, created) => {
      mark(row, created ? 'created' : 'updated')
      ids[row] = id
    },
    fail: (row, error, id) => {
      mark(row, 'failed')
      errors.set(row, error)
      if (id !== '') ids[row] = id
    },
    processed: () => processed,
    failed: () => failed,
    dump: () => ({
      count,
      states: Buffer.from(marks).toString('base64'),
      ids: Array.from({ length: ids.length }, (_, row) => ids[row] ?? null),
      errors: [...errors],
    }),
  }
}
