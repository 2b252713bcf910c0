/**
 * (b) API calls: what a backlog costs of the org's allowance, and that a quiet system waits for nothing.
 *
 * Each wave of webhooks is read into the mirror while nothing is written; then the engine starts on the backlog. The emulator counts the
 * calls that come, by object.
 */
import { type Database, openDatabase } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { type Child, startChild } from './child.ts'
import { type Figure, median, quantile } from './figures.ts'
import type { Options } from './options.ts'
import type { Meter, OrgCommands } from './org-process.ts'
import { emailOf, eventOf, readInbox, storeWave, type Wave } from './population.ts'
import type { ServiceCommands } from './service-process.ts'

type Setup = {
  db: Database
  databaseUrl: string
  org: Child<OrgCommands>
  service: Child<ServiceCommands>
  options: Options
}

const objectOf = { organization: 'Account', person: 'Contact', membership: 'AccountContactRelation' } as const

/** Lets the engine work a wave off and returns what came to Salesforce. */
const workOff = async ({ db, databaseUrl, org, service, options }: Setup, waves: readonly Wave[]): Promise<Meter> => {
  for (const wave of waves) await storeWave(db, wave)
  await readInbox(db)
  await org.ask('zero', undefined)
  await service.ask('start', { databaseUrl, org: await org.ask('address', undefined) })
  const { failed, counts } = await service.ask('drain', { everyMs: 200, timeoutMs: 300_000 })
  await service.ask('stop', undefined)
  const meter = await org.ask('read', undefined)
  options.report(
    `  ${JSON.stringify(waves)}: calls ${JSON.stringify(meter.calls)}, records ${JSON.stringify(meter.records)}`,
  )
  if (failed + counts.parked > 0) throw new Error(`${failed} writes failed, ${counts.parked} links parked`)
  return meter
}

const figure = (name: string, what: string, wave: Wave, { calls }: Meter, most?: number): Figure => ({
  name: `calls: ${name}`,
  definition: `API calls for ${objectOf[wave.entity]}, per 1,000 ${what}, under a backlog of ${wave.count}`,
  value: (calls[objectOf[wave.entity]] ?? 0) / (wave.count / 1_000),
  unit: 'calls',
  ...(most === undefined ? {} : { target: { most } }),
})

const backlogs = async (setup: Setup, people: number): Promise<Figure[]> => {
  const organizations: Wave = { entity: 'organization', count: people, version: 0 }
  const persons: Wave = { entity: 'person', count: people, version: 0 }
  const memberships: Wave = { entity: 'membership', count: people, version: 0 }
  // One in ten was in Salesforce before, to be adopted.
  const known = Array.from({ length: people / 10 }, (_, n) => ({ LastName: 'Known before', Email: emailOf(n * 10) }))
  await setup.org.ask('seed', { Contact: known })
  const work = (wave: Wave) => workOff(setup, [wave])
  const updated = (wave: Wave): Wave => ({ ...wave, version: 1 })
  const touched = (wave: Wave): Wave => ({ ...wave, version: 2, contents: 1 })
  const made = [
    figure(
      'new organizations',
      'new organizations, with the look whether they are there',
      organizations,
      await work(organizations),
      4,
    ),
    figure('new people', 'new people, with the look for those to be adopted', persons, await work(persons), 4),
  ]
  const joined = await work(memberships)
  made.push(figure('new memberships', 'new memberships, with the look for direct relations', memberships, joined, 4))
  made.push({
    ...figure('new memberships, on their people', 'people who got their Account by it', { ...persons }, joined, 2),
  })
  for (const wave of [organizations, persons, memberships]) {
    const name = `${wave.entity} updates`
    made.push(figure(name, 'changed records', wave, await work(updated(wave)), 2))
  }
  const nothing = await workOff(setup, [touched(organizations), touched(persons), touched(memberships)])
  made.push({
    name: 'calls: changes that change nothing',
    definition: `API calls for ${people} organizations, people and memberships each whose version moved on and whose mapped fields did not`,
    value: Object.values(nothing.calls).reduce((sum, count) => sum + count, 0),
    unit: 'calls',
    target: { most: 0 },
  })
  return made
}

/** Delays of single changes, one after the other, from stored to the start of the call that carries it. */
const quiet = async ({ databaseUrl, org, service }: Setup, rounds: number): Promise<Figure[]> => {
  await service.ask('start', { databaseUrl, org: await org.ask('address', undefined) })
  const delays: number[] = []
  const commits: number[] = []
  for (let round = 0; round < rounds; round++) {
    await service.ask('drain', { everyMs: 50, timeoutMs: 30_000 })
    commits.push(await service.ask('commit', undefined))
    await org.ask('zero', undefined)
    const event = eventOf({ entity: 'person', count: 1, version: 10 + round }, 0)
    const storedAt = await service.ask('receive', { id: `msg_quiet_${round}`, event })
    await service.ask('drain', { everyMs: 50, timeoutMs: 30_000 })
    const { firstAt, calls } = await org.ask('read', undefined)
    if (calls['Contact'] !== 1) throw new Error(`one change made ${JSON.stringify(calls)} calls`)
    delays.push(firstAt - storedAt)
  }
  await service.ask('stop', undefined)
  return [
    {
      name: 'quiet: from stored to its API call, to one commit',
      definition: `median of ${rounds} single changes on an idle system: from the commit of the webhook to the arrival of its call at Salesforce, divided by one durable commit of one row; on the way lie some fifteen statements and two more commits, and no timer: the shortest in the program is 500 ms`,
      value: median(delays) / median(commits),
      unit: '',
      target: { most: 40 },
      seen: `median ${median(delays).toFixed(1)} ms, p90 ${quantile(delays, 0.9).toFixed(1)} ms; a commit ${median(commits).toFixed(2)} ms`,
    },
  ]
}

export const measureCalls = async (options: Options): Promise<Figure[]> => {
  const postgres = await startPostgres({ durable: true })
  const databaseUrl = await postgres.createDatabase('calls')
  const db = await openDatabase({ url: databaseUrl })
  const org = startChild<OrgCommands>('./org-process.ts')
  const service = startChild<ServiceCommands>('./service-process.ts')
  try {
    await migrate(db)
    const setup = { db, databaseUrl, org, service, options }
    return [
      ...(await backlogs(setup, options.quick ? 2_000 : 10_000)),
      ...(await quiet(setup, options.quick ? 10 : 50)),
    ]
  } finally {
    await db.close()
    await Promise.all([service.stop(), org.stop()])
    await postgres.stop()
  }
}
