import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openSalesforce, type TestClient } from '../client.test-support.ts'

const clock = manualClock(Date.UTC(2026, 0, 5, 9))
const emails = ['ann@example.com', 'bob@example.com', 'cy@example.com']

// Contacts with a few stamps, most of them shared by several, and not in the order of ids.
const fill = async (salesforce: TestClient): Promise<{ ids: string[]; stamps: string[] }> => {
  const ids: string[] = []
  for (let i = 0; i < 60; i++) {
    ids.push(salesforce.person.create('Contact', { LastName: `Person ${i}`, Email: emails[i % 7] ?? null }))
    if (i % 5 === 0) await clock.advance(1_000)
  }
  for (const id of ids.filter((_, i) => i % 4 === 1)) {
    salesforce.person.edit('Contact', id, { LastName: 'Changed' })
    if (id < (ids[30] ?? '')) await clock.advance(1_000)
  }
  const rows = await salesforce.query('SELECT SystemModstamp FROM Contact')
  const stamps = rows.map((row) => String(row['SystemModstamp']).replace('.000+0000', 'Z'))
  await clock.advance(60_000)
  return { ids, stamps: [...new Set(stamps)] }
}

test('whichever index serves a query, the answer is that of a full scan', async () => {
  const salesforce = openSalesforce({ clock })
  const { ids, stamps } = await fill(salesforce)
  const compare = (field: string, literals: readonly string[]) =>
    fc
      .tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>='), fc.constantFrom(...literals))
      .map(([operator, literal]) => `${field} ${operator} ${literal}`)
  const quoted = (list: readonly string[]) => list.map((each) => `'${each}'`)
  const leaf = fc.oneof(
    { weight: 4, arbitrary: compare('SystemModstamp', stamps) },
    compare('Id', quoted(ids)),
    compare('Email', quoted(emails)),
    fc.subarray(quoted(emails), { minLength: 1 }).map((list) => `Email IN (${list.join(', ')})`),
  )
  const node = (part: fc.Arbitrary<string>) =>
    fc.oneof(
      part,
      part.map((each) => `NOT (${each})`),
      fc
        .tuple(fc.constantFrom(' AND ', ' OR '), fc.array(part, { minLength: 2, maxLength: 3 }))
        .map(([word, parts]) => parts.map((each) => `(${each})`).join(word)),
    )
  const order = fc.constantFrom('Id', 'Id DESC', 'SystemModstamp', 'SystemModstamp, Id', 'SystemModstamp DESC, Id')
  const limit = fc.constantFrom('', ' LIMIT 7', ' LIMIT 5 OFFSET 3')
  const ask = async (soql: string, lateVisibilityMs: number) => {
    salesforce.settings.lateVisibilityMs = lateVisibilityMs
    return salesforce.query(soql)
  }
  await fc.assert(
    fc.asyncProperty(node(node(leaf)), order, limit, async (where, by, end) => {
      const soql = `SELECT Id FROM Contact WHERE ${where} ORDER BY ${by}${end}`
      // A query that looks back, however little, cannot use an index.
      expect(await ask(soql, 0), soql).toEqual(await ask(soql, 1))
    }),
    { numRuns: 1_000 },
  )
})
