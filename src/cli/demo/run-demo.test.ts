import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freshDatabase } from '../../../test/support/databases.ts'
import { runDemo } from './run-demo.ts'
import type { Step } from './steps.ts'
import type { Act } from './story.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const ports = { clerkforce: 0, clerk: 0, salesforce: 0 }

const short: Act[] = [
  {
    title: 'A company signs up',
    everyMs: 0,
    steps: [
      { do: 'sign-up', who: 'Grace' },
      { do: 'found', who: 'Grace', company: 'larkspur' },
      { do: 'sign-up', who: 'Leila' },
    ],
  },
]

/** A stream that is no terminal, and what was written to it. */
const paper = (onWrite: (all: string) => void = () => undefined) => {
  let all = ''
  const write = (text: string): boolean => {
    all += text
    onWrite(all)
    return true
  }
  return { out: { isTTY: false, columns: 80, rows: 24, write } as const, read: () => all }
}

// A quarter of a minute on a quiet machine; its pauses are real time, and it shares two cores with the rest of the suite.
const wholeStoryMs = 90_000

test('without a terminal the demo tells its story in plain lines, ends with the table, exits 0 and leaves nothing behind', {
  timeout: wholeStoryMs,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'demo-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const child = spawn(process.execPath, [main, 'demo', '--once'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder, TMP: folder, TEMP: folder },
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const lines = out.split('\n')
  const story = lines.filter((line) => /^ *\d+\.\d s /.test(line))
  expect(story.length).toBeGreaterThan(100)
  expect(new Set(story).size).toBe(story.length)
  expect(out).toMatch(
    /What Salesforce holds now[\s\S]*Larkspur Robotics[\s\S]*Grace Okafor +grace\.okafor@larkspur\.example +admin +active/,
  )
  expect(out).toMatch(/Salesforce agrees with Clerk: \d+ records compared/)
  expect(out).toMatch(/Clerk agrees with Salesforce: \d+ records compared/)
  // What was there before was planned, written as planned, and can be explained.
  expect(out).toMatch(/It would create 1 Account, 2 Contacts, 4 relations\n[\s\S]*adopt 2 Contacts\n[\s\S]*VOGT → Vogt/)
  expect(out).toMatch(/9 of 9 records written, each as it was planned\n[\s\S]*LastName Vogt: Clerk owns this field/)
  // Both directions were used, and everything that Salesforce asked for came about.
  expect(story.filter((line) => line.includes('  * Clerk has')).length).toBe(2)
  expect(out).toMatch(/Larkspur Robotics +active, plan Enterprise/)
  expect(out).toMatch(
    /Ferncastle Glass +active, 1 active relation\n • Ingrid Falk +ingrid@ferncastle\.example +member +active/,
  )
  expect(out).toMatch(/[1-9]\d* records changed for Salesforce/)
  expect(out).toMatch(/webhooks in \d+ deliveries: [1-9]\d* twice, [1-9]\d* late,\s+[1-9]\d* out of order/)
  expect(lines.filter((line) => line.length > 80 || line.includes('\u001b'))).toEqual([])
  expect(readdirSync(folder)).toEqual([])
})

test('when the sides differ the demo lists the differences and exits 1', async () => {
  const { out, read } = paper()
  const code = await runDemo({
    once: true,
    out,
    ports,
    acts: short,
    db: await freshDatabase('pglite'),
    signal: new AbortController().signal,
    beforeCheck: async ({ salesforce, clerkforce }) => {
      await clerkforce.engine.stop()
      const account = salesforce.state()['Account']?.find(({ Name }) => Name === 'Larkspur Robotics')
      salesforce.person.edit('Account', String(account?.['Id']), { Name: 'Larkspur' })
    },
  })
  expect(code).toBe(1)
  expect(read()).toMatch(
    /Salesforce differs from Clerk in 1 place;[^\n]*\n +Account org_\w+, Name: expected Larkspur Robotics, found Larkspur\n/,
  )
})

test('what is parked at the end is named, and the demo exits 1', async () => {
  const { out, read } = paper()
  const steps: Step[] = [
    { do: 'enter-account', company: 'ferncastle' },
    { do: 'ask-organization', company: 'ferncastle' },
    { do: 'remove-account', company: 'ferncastle' },
  ]
  const acts = [{ title: 'An Account goes for good', everyMs: 0, steps }]
  const db = await freshDatabase('pglite')
  expect(await runDemo({ once: true, out, ports, acts, db, signal: new AbortController().signal })).toBe(1)
  expect(read()).toMatch(/✗ Parked: [^\n]*organization[^\n]*DELETED_IN_SALESFORCE/)
})

test('a demo that is ended before its verdict stops everything and says so by its exit code', async () => {
  const end = new AbortController()
  const { out, read } = paper((all) => {
    if (all.includes('founds')) end.abort()
  })
  expect(
    await runDemo({ once: false, out, ports, acts: short, db: await freshDatabase('postgres'), signal: end.signal }),
  ).toBe(130)
  expect(read()).toContain('Ended before both sides were compared')
})

test('without --once the demo stays up with its addresses until it is ended', async () => {
  const end = new AbortController()
  const { out, read } = paper((all) => {
    if (all.includes('until Ctrl-C')) end.abort()
  })
  expect(
    await runDemo({ once: false, out, ports, acts: short, db: await freshDatabase('postgres'), signal: end.signal }),
  ).toBe(0)
  expect(read()).toMatch(/clerkforce +http:\/\/127\.0\.0\.1:\d+\/webhooks\/clerk[\s\S]*whsec_[\s\S]*client secret/)
  expect(
    read()
      .split('\n')
      .filter((line) => line.length > 80),
  ).toEqual([])
})
