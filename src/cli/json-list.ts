/** Prints an object as JSON whose last key is a list, row by row: there may be more of them than fit into memory. */
export const printJsonList = async (object: object, key: string, rows: AsyncIterable<object>): Promise<void> => {
  const { stdout } = process
  // Everything before the bracket of the list is written at once.
  stdout.write(JSON.stringify({ ...object, [key]: [] }, null, 2).replace(/\]\n\}$/, ''))
  let separator = ''
  for await (const row of rows) {
    stdout.write(`${separator}\n    ${JSON.stringify(row)}`)
    separator = ','
  }
  stdout.write('\n  ]\n}\n')
}
