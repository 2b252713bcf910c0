import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { RunningSalesforceEmulator } from '../src/emulators/salesforce/index.ts'
import type { Counts } from '../src/sync/mirror/counts.ts'
import { type DatabaseKind, databaseKinds, freshPostgres } from './support/databases.ts'
import { playHistory, steps } from './support/history.ts'
import type { MortalOptions } from './support/mortal-process.ts'
import { type Shown, signed, signingSecret, startOrg, startRoad } from './support/road.ts'
import { unhurried } from './support/runs.ts'
import { stateOf } from './support/salesforce-state.ts'

/** How often a process is killed in each test; `KILLS=200 npm test -- chaos` for a long night. */
const kills = Number(process.env['KILLS'] ?? (unhurried ? 12 : 7))

const program = new URL('./support/mortal-process.ts', import.meta.url).pathname

type Mortal = { url: string; child: ChildProcess; dead: () => boolean }

const begin = async (options: MortalOptions): Promise<Mortal | undefined> => {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => String(text)),
    once(child, 'exit').then(() => undefined),
  ])
  if (line === undefined) return undefined
  return {
    url: (JSON.parse(line) as { url: string }).url,
    child,
    dead: () => child.exitCode !== null || child.signalCode !== null,
  }
}

const counts = async (url: string): Promise<Counts | undefined> => {
  const answer = await fetch(url).catch(() => undefined)
  return answer ? ((await answer.json().catch(() => undefined)) as Counts | undefined) : undefined
}

/** Sends like Svix: again until there is a 2xx. */
const post = async (url: string, event: object, id: string): Promise<boolean> => {
  const { headers, body } = signed(event, id)
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) }).catch(() => undefined)
  return answer?.ok ?? false
}

const databaseOf = async (kind: DatabaseKind): Promise<string> => {
  if (kind === 'postgres') return freshPostgres()
  const folder = mkdtempSync(join(tmpdir(), 'clerkforce-chaos-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Lives through the events with a process that is killed again and again; then lets one live to the end. */
const liveThrough = async (
  events: readonly object[],
  database: string,
  org: RunningSalesforceEmulator,
  random: () => number,
) => {
  const options = { database, loginUrl: org.url, clientId: org.clientId, clientSecret: org.clientSecret, signingSecret }
  const left = events.map((event, index) => ({ event, id: `msg_${index}` }))
  let died = 0
  for (let life = 1; ; life++) {
    const mortal = await begin({
      ...options,
      dieAt: life > kills ? 0 : 1 + Math.floor(random() * 90),
      name: `life-${life}`,
    })
    if (!mortal) {
      died++
      continue
    }
    while (!mortal.dead()) {
      const next = left[0]
      if (next && (life > kills || random() < 0.6)) {
        if (await post(mortal.url, next.event, next.id)) left.shift()
        continue
      }
      const now = await counts(mortal.url)
      if (now && life > kills && left.length === 0 && now.hints + now.dirty === 0) {
        mortal.child.kill('SIGKILL')
        await once(mortal.child, 'exit')
        return died
      }
      // Nothing more to die of: this life goes on as the next one.
      if (now && left.length === 0 && now.hints + now.dirty === 0) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    if (mortal.dead()) died++
    mortal.child.kill('SIGKILL')
    if (!mortal.dead()) await once(mortal.child, 'exit')
  }
}

// Loading PGlite anew for each of thirty lives takes half a minute: the suite has one of the two.
test.each(unhurried ? databaseKinds : (['postgres'] as const))(
  'killed between any two steps, again and again, it ends where an undisturbed one ends (%s)',
  async (kind) => {
    const seed = Number(process.env['SEED'] ?? 2026)
    const [history] = fc.sample(
      fc.tuple(steps, steps, steps).map((parts) => parts.flat()),
      { numRuns: 1, seed },
    )
    const events = playHistory(history ?? [], 'k_')
    const org = await startOrg()
    let state = seed
    const random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return state / 2_147_483_648
    }
    const died = await liveThrough(events, await databaseOf(kind), org, random)
    expect(died).toBeGreaterThan(kills / 3)

    const undisturbed = await startRoad()
    for (const event of events) await undisturbed.deliver(event)
    await undisturbed.engine.drain()
    const records = (object: string): Shown[] => (org.state()[object] ?? []).filter((one) => one['IsDeleted'] !== true)
    expect(stateOf({ records }, 'k_')).toEqual(stateOf(undisturbed, 'k_'))
  },
  120_000,
)
