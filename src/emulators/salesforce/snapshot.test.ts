import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { manualClock } from '../kit/clock.ts'
import { openSalesforce, type TestClient } from './client.test-support.ts'
import { startSalesforceEmulator } from './index.ts'

type Step =
  | { do: 'account' | 'contact' | 'rest'; n: number }
  | { do: 'edit' | 'move' | 'remove' | 'undelete' | 'merge'; n: number; m: number }
  | { do: 'setting' | 'rule' | 'fault' | 'wait'; n: number }

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom(
    ...(['account', 'contact', 'contact', 'rest', 'edit', 'move', 'remove', 'undelete', 'merge'] as const),
    ...(['setting', 'rule', 'fault', 'wait'] as const),
  ),
  n: fc.nat(20),
  m: fc.nat(20),
}) as fc.Arbitrary<Step>

/** Does one step and gives what was answered; steps that the org refuses are answers too. */
const perform = async (org: TestClient, { do: what, n, m = 0 }: Step & { m?: number }): Promise<unknown> => {
  const ids = (object: string) => (org.state()[object] ?? []).map((row) => String(row['Id']))
  const pick = (object: string, at: number) => ids(object)[at % Math.max(1, ids(object).length)] ?? 'none'
  const { person } = org
  try {
    switch (what) {
      case 'account':
        return person.create('Account', { Name: `Account ${n}` })
      case 'contact':
        return person.create('Contact', { LastName: `Contact ${n}`, ...(n % 2 && { AccountId: pick('Account', n) }) })
      case 'rest':
        return (
          (await org.call('POST', '/sobjects/Contact', { LastName: `Rest ${n}`, Email: `r${n}@example.com` })).body ??
          null
        )
      case 'edit':
        return person.edit('Contact', pick('Contact', n), { Title: `Title ${m}` })
      case 'move':
        return person.edit('Contact', pick('Contact', n), { AccountId: pick('Account', m) })
      case 'remove':
        return person.remove(n % 3 ? 'Contact' : 'Account', pick(n % 3 ? 'Contact' : 'Account', m))
      case 'undelete':
        return person.undelete('Contact', pick('Contact', n))
      case 'merge':
        return person.merge('Contact', pick('Contact', n), pick('Contact', m))
      case 'setting':
        return (await org.control('POST', '/settings', { keepOldRelation: n % 2 === 0, lateVisibilityMs: n })).body
      case 'rule':
        return org.setRules({
          duplicateRules: [{ object: 'Contact', field: 'Email', action: n % 2 ? 'block' : 'alert' }],
        })
      case 'fault':
        return org.recordFaults.add({ object: 'Contact', every: 1 + (n % 3), times: 2, code: 'UNABLE_TO_LOCK_ROW' })
      case 'wait':
        return await (org.clock as ReturnType<typeof manualClock>).advance(n * 1_000)
    }
  } catch (error) {
    return error instanceof Error ? error.message : 'refused'
  }
}

const open = async (start?: number): Promise<TestClient> => {
  const org = openSalesforce({ clock: manualClock(start), accountDelete: 'cascade' })
  await org.call('GET', '/limits')
  return org
}

test('any history, saved and restored, has the same state and goes on in the same way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.array(step, { maxLength: 12 }), async (before, after) => {
      const first = await open()
      for (const each of before) await perform(first, each)
      const saved = JSON.stringify(first.snapshot())
      const second = await open(first.clock.now())
      second.restore(JSON.parse(saved))
      expect(JSON.stringify(second.snapshot())).toBe(saved)
      for (const each of after) expect(await perform(second, each)).toEqual(await perform(first, each))
      expect(second.state()).toEqual(first.state())
      expect(await second.query('SELECT Id, Name FROM Contact')).toEqual(
        await first.query('SELECT Id, Name FROM Contact'),
      )
      expect(second.snapshot()).toEqual(first.snapshot())
    }),
    { numRuns: Number(process.env['RUNS'] ?? 15) },
  )
})

test('a snapshot that cannot be loaded changes nothing', async () => {
  const org = await open()
  org.seed({ Contact: [{ LastName: 'X' }] })
  const before = org.snapshot()
  const broken = {
    ...before,
    parts: { ...before.parts, records: { rows: { Nothing: [] }, sequences: {}, earlier: [] } },
  }
  expect(() => org.restore(broken)).toThrow(/part records cannot be loaded: .*Nothing/)
  expect(org.snapshot()).toEqual(before)
})

test('over HTTP a snapshot is taken and put back', async () => {
  const org = await open()
  org.seed({ Contact: [{ LastName: 'X' }] })
  const { body } = await org.control('GET', '/snapshot')
  await org.control('POST', '/reset')
  expect(org.state()['Contact']).toEqual([])
  expect(await org.control('PUT', '/snapshot', body)).toMatchObject({ status: 204 })
  expect(org.state()['Contact']).toMatchObject([{ LastName: 'X' }])
})

test('with a file an emulator goes on where it was closed, and no id comes twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'salesforce-state-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const state = join(folder, 'salesforce.json')
  const first = await startSalesforceEmulator({ state, latencyMs: 1 })
  const ids = first.seed({ Contact: Array.from({ length: 3_000 }, (_, n) => ({ LastName: `C ${n}` })) }).Contact
  await first.close()
  const second = await startSalesforceEmulator({ state, lockWaitMs: 5 })
  onTestFinished(second.close)
  expect(second.state()['Contact']).toHaveLength(3_000)
  expect(ids).not.toContain(second.person.create('Contact', { LastName: 'next' }))
  expect(second.settings).toMatchObject({ latencyMs: 1, lockWaitMs: 5 })
  expect((await fetch(`${second.url}/_emulator/snapshot`, { method: 'POST' })).status).toBe(200)
})
