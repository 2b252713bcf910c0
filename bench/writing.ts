/**
 * (c) Records per second written under backlog, against a bare loop that sends the same calls.
 *
 * The backlog is prepared once (inbox read, links dirty) and cloned for each run. A first run records the calls that clerkforce makes;
 * the bare loop sends exactly these, looks included, to a new emulator. The emulator, the database server and the measured process are
 * processes of their own and share the machine's cores in both ways alike, but that the bare loop needs no database.
 */
import { openDatabase } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { BareLoopCommands } from './bare-loop-process.ts'
import { startChild } from './child.ts'
import { type Figure, inTurn, median } from './figures.ts'
import type { Options } from './options.ts'
import type { Meter, OrgCommands, RecordedCall } from './org-process.ts'
import { everything, readInbox, storeWave, type Wave } from './population.ts'
import type { ServiceCommands } from './service-process.ts'

const latencyMs = 150
const inFlight = 5

type Run = { perSecond: number; records: number }

const savedIn = ({ records }: Meter): number =>
  Object.entries(records).reduce((sum, [kind, count]) => {
    if (kind.endsWith('.failed') && count > 0) throw new Error(`${count} of ${kind}`)
    return sum + count
  }, 0)

/** Calls to parents end before those to children begin: a Contact names its Account. */
const grouped = (calls: readonly RecordedCall[], objectOf: (call: RecordedCall) => string): RecordedCall[][] =>
  ['Account', 'Contact', 'AccountContactRelation'].map((object) => calls.filter((call) => objectOf(call) === object))

const objectIn = ({ path, body }: RecordedCall): string =>
  /sobjects\/([A-Z]\w+)|"type":"(\w+)"|FROM(?:%20|\+| )(\w+)/
    .exec(`${path} ${body ?? ''}`)
    ?.slice(1)
    .find(Boolean) ?? ''

export const measureWriting = async ({ quick, profile, report }: Options): Promise<Figure[]> => {
  const people = quick ? 5_000 : 20_000
  const postgres = await startPostgres({ durable: true })
  try {
    const template = await postgres.createDatabase('writing')
    const db = await openDatabase({ url: template })
    await migrate(db)
    const waves: Wave[] = everything(people)
    for (const wave of waves) await storeWave(db, wave)
    await readInbox(db)
    await db.query('vacuum analyze')
    await db.close()
    let clones = 0
    const service = async (record: boolean): Promise<Run & { meter: Meter }> => {
      const databaseUrl = await postgres.createDatabase(`writing_${++clones}`, 'writing')
      const org = startChild<OrgCommands>('./org-process.ts')
      const child = startChild<ServiceCommands>('./service-process.ts', { profile: record ? undefined : profile })
      await org.ask('reset', { latencyMs, record })
      await child.ask('start', { databaseUrl, org: await org.ask('address', undefined) })
      const { done, failed, lastAt } = await child.ask('drain', { everyMs: 500, timeoutMs: 300_000 })
      const meter = await org.ask('read', undefined)
      await child.ask('stop', undefined)
      await Promise.all([child.stop(), org.stop()])
      if (failed > 0) throw new Error(`${failed} records were not written`)
      report(
        `  clerkforce: ${done} records, ${JSON.stringify(meter.calls)} calls, ${Math.round(lastAt - meter.firstAt)} ms`,
      )
      return { records: done, perSecond: done / ((lastAt - meter.firstAt) / 1_000), meter }
    }
    const { meter, records } = await service(true)
    const groups = grouped(meter.recorded, objectIn)
    const bare = async (): Promise<Run> => {
      const org = startChild<OrgCommands>('./org-process.ts')
      const child = startChild<BareLoopCommands>('./bare-loop-process.ts')
      await org.ask('reset', { latencyMs })
      const took = await child.ask('send', { org: await org.ask('address', undefined), groups, inFlight })
      savedIn(await org.ask('read', undefined))
      await Promise.all([child.stop(), org.stop()])
      report(`  bare loop: ${Math.round(took)} ms`)
      return { records, perSecond: records / (took / 1_000) }
    }
    const [floors = [], runs = []] = await inTurn<Run>(quick ? 1 : 3, [bare, () => service(false)])
    const floor = median(floors.map(({ perSecond }) => perSecond))
    const ours = median(runs.map(({ perSecond }) => perSecond))
    return [
      {
        name: 'writing: records a second under backlog, to those of a bare loop',
        definition: `${records} new records (organizations, people, memberships), an emulator that answers after ${latencyMs} ms, PostgreSQL with fsync: from the first call to the last record settled, against the same calls sent ready-made, ${inFlight} in flight`,
        value: ours / floor,
        unit: '',
        target: { least: 0.6 },
        seen: `${Math.round(ours)}/s, bare loop ${Math.round(floor)}/s`,
      },
    ]
  } finally {
    await postgres.stop()
  }
}
