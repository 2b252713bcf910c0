/**
 * (d) Resident memory of the service at 100,000 people against 10,000: the whole road, from a full inbox to the last record settled.
 *
 * Each size has its own process, database and emulator. What is compared is the most memory that the operating system ever gave the
 * process, the start of Node included.
 */
import { openDatabase } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { type Postgres, startPostgres } from '../test/support/postgres.ts'
import { startChild } from './child.ts'
import { type Figure, inTurn, median } from './figures.ts'
import type { Options } from './options.ts'
import type { OrgCommands } from './org-process.ts'
import { everything, storeWave } from './population.ts'
import type { ServiceCommands } from './service-process.ts'

const mebibyte = 1024 * 1024
let databases = 0

const peak = async (postgres: Postgres, people: number, report: Options['report']): Promise<number> => {
  const databaseUrl = await postgres.createDatabase(`memory_${++databases}`)
  const db = await openDatabase({ url: databaseUrl })
  await migrate(db)
  for (const wave of everything(people)) await storeWave(db, wave)
  await db.close()
  const org = startChild<OrgCommands>('./org-process.ts')
  const service = startChild<ServiceCommands>('./service-process.ts')
  const started = performance.now()
  await service.ask('start', { databaseUrl, org: await org.ask('address', undefined) })
  const { done, failed } = await service.ask('drain', { everyMs: 500, timeoutMs: 600_000 })
  const bytes = await service.ask('peakMemory', undefined)
  report(
    `  ${people} people: ${done} writes, ${Math.round(bytes / mebibyte)} MiB, ${Math.round((performance.now() - started) / 1_000)} s`,
  )
  await service.ask('stop', undefined)
  await Promise.all([service.stop(), org.stop()])
  if (failed > 0) throw new Error(`${failed} writes failed`)
  return bytes
}

export const measureMemory = async ({ quick, report }: Options): Promise<Figure[]> => {
  const [small, large] = quick ? [2_000, 10_000] : [10_000, 100_000]
  // What is measured is memory; without fsync it is measured sooner.
  const postgres = await startPostgres()
  try {
    const [few = [], many = []] = await inTurn(quick ? 1 : 2, [
      () => peak(postgres, small, report),
      () => peak(postgres, large, report),
    ])
    return [
      {
        name: `memory: at ${large} people, to that at ${small}`,
        definition:
          'peak resident memory of the service process that works off organizations, people and memberships from nothing',
        value: median(many) / median(few),
        unit: '',
        target: { most: 1.2 },
        seen: `${Math.round(median(many) / mebibyte)} MiB and ${Math.round(median(few) / mebibyte)} MiB`,
      },
    ]
  } finally {
    await postgres.stop()
  }
}
