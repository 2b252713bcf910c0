import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { backwards, pickRecords } from './inside.ts'
import { renderPage } from './page.ts'
import { script } from './script.ts'

test('the page is one file: its script can be read, and nothing is loaded from elsewhere', () => {
  expect(() => new Script(script)).not.toThrow()
  const nothing = () => []
  const page = renderPage({
    emulator: 'clerk',
    title: 'A & <b>',
    about: 'x',
    objects: nothing,
    newest: () => undefined,
    record: () => undefined,
    eventsTitle: 'Events',
    events: nothing,
    forget: () => {},
  })
  expect(page).toContain('<title>A &amp; &lt;b></title>')
  expect(page).not.toMatch(/https?:\/\/|src=|@import|url\(/)
  // Every place that the script looks for is there.
  for (const [, id] of script.matchAll(/\bat\('([a-z-]+)'\)/g)) expect(page).toContain(`id="${id}"`)
})

test('records are searched newest first, and a search ends when it has enough', () => {
  const numbers = Array.from({ length: 1_000 }, (_, i) => i)
  let looked = 0
  const show = (n: number) => {
    looked++
    return { id: String(n), cells: [`No ${n}`] }
  }
  expect(pickRecords(backwards(numbers), show, 'NO 99', 2)).toEqual({
    rows: [
      { id: '999', cells: ['No 999'] },
      { id: '998', cells: ['No 998'] },
    ],
    complete: false,
  })
  expect(looked).toBeLessThan(5)
  expect(pickRecords(backwards(numbers), show, 'No 5', 500).complete).toBe(true)
})
