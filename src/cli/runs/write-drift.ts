import type { RunOperations, RunStatus } from '../../server/runs.ts'
import type { DriftRow } from '../../sync/mirror/drift.ts'
import { renderDriftRows } from './render-run.ts'

const rowsAtOnce = 1_000

/** What a run has found, page by page: there may be more of it than fits into memory. */
const eachPage = async (
  { drift }: Pick<RunOperations, 'drift'>,
  { id }: RunStatus,
  write: (rows: readonly DriftRow[], first: boolean) => void,
): Promise<void> => {
  for (let after = 0, first = true; ; first = false) {
    const rows = await drift(id, after, rowsAtOnce)
    const last = rows.at(-1)
    if (!last) return
    write(rows, first)
    after = last.id
  }
}

/** Prints each record that a run found to have drifted. */
export const writeDrift = (operations: Pick<RunOperations, 'drift'>, run: RunStatus): Promise<void> =>
  eachPage(operations, run, (rows) => process.stdout.write(renderDriftRows(rows)))

/** Prints a run and each such record as one JSON object. */
export const writeRunJson = async (operations: Pick<RunOperations, 'drift'>, run: RunStatus): Promise<void> => {
  const { stdout } = process
  // The list is the last key: everything before its bracket is written at once.
  stdout.write(`${JSON.stringify({ ...run, drift: [] }, null, 2).replace(/\]\n\}$/, '')}`)
  await eachPage(operations, run, (rows, first) => {
    const lines = rows.map(({ id: _, ...row }) => `\n    ${JSON.stringify(row)}`).join(',')
    stdout.write(`${first ? '' : ','}${lines}`)
  })
  stdout.write('\n  ]\n}\n')
}
