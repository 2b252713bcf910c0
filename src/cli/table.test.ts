import { expect, test } from 'vitest'
import { renderTable } from './table.ts'

const columns = [{ title: 'Link' }, { title: 'Reason', wraps: true }] as const
const linesOf = (table: string): string[] => table.trimEnd().split('\n')

test('a table keeps to its width and loses no text, however long the words', () => {
  const address = `https://example.my.salesforce.com/${'x'.repeat(100)}`
  const reason = `A Contact with this e-mail address is there already: ${address} and it has another Clerk id.`
  for (const width of [40, 80, 200]) {
    const table = renderTable(columns, [['123456', reason]], width)
    for (const line of linesOf(table)) expect(line.length).toBeLessThanOrEqual(width)
    expect(table.replace(/[│\s]/g, '')).toContain(reason.replace(/\s/g, ''))
  }
})

test('a column that does not wrap is as wide as its longest line', () => {
  const table = renderTable(columns, [['a line\nand a much longer one', 'short']], 40)
  expect(linesOf(table)).toContainEqual(expect.stringMatching(/^│ and a much longer one │ +│$/))
})

test('rows of one line each stand close together', () => {
  expect(
    linesOf(
      renderTable(
        columns,
        [
          ['1', 'one'],
          ['2', 'two'],
        ],
        40,
      ),
    ),
  ).toHaveLength(6)
})
