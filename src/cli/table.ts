import Table from 'cli-table3'

export type Column = {
  title: string
  /** Takes what the others leave, and wraps. At least one column of a table should. */
  wraps?: true
}

const widthOfTerminal = (): number => (process.stdout.isTTY && process.stdout.columns) || 80
const leastWidth = 12

/** cli-table3 cuts off words that are wider than their column, such as addresses: they are broken beforehand. */
const breakWords = (text: string, width: number): string =>
  text.replace(new RegExp(`\\S{${width}}(?=\\S)`, 'g'), '$&\n')

/** Makes a table that fits the terminal: 80 characters where there is none. */
export const renderTable = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number = widthOfTerminal(),
): string => {
  // Each cell has a space on both sides and a line to its right; one more line begins the table.
  const longest = (cell = ''): number => Math.max(...cell.split('\n').map((line) => line.length))
  const natural = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => longest(row[i]))) + 2)
  const lines = columns.length + 1
  const fixed = natural.reduce((sum, one, i) => sum + (columns[i]?.wraps ? 0 : one), lines)
  const wrapping = columns.filter((one) => one.wraps).length
  const share = Math.max(leastWidth, Math.floor((width - fixed) / Math.max(1, wrapping)))
  const oneLine = rows.every((row) =>
    row.every((cell, i) => !cell.includes('\n') && cell.length + 2 <= (columns[i]?.wraps ? share : width)),
  )
  const widths = natural.map((one, i) => (columns[i]?.wraps ? Math.min(one, share) : one))
  const table = new Table({
    head: columns.map(({ title }) => title),
    colWidths: widths,
    wordWrap: true,
    wrapOnWordBoundary: true,
    // Lines between the rows only where a row may have several lines.
    style: {
      compact: oneLine,
      ...(process.stdout.isTTY ? { head: ['bold'], border: ['gray'] } : { head: [], border: [] }),
    },
  })
  table.push(...rows.map((row) => row.map((cell, i) => breakWords(cell, (widths[i] ?? width) - 2))))
  return `${table.toString()}\n`
}

/** Prints a result for programs. */
export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** A moment in UTC, to the second. */
export const renderTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
