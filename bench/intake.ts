/**
 * (a) Webhooks to a durable 2xx, of one process: clerkforce's server with its engine behind it, against a bare handler.
 *
 * Load generator, server and database server are processes of their own on the same cores. Salesforce is away, as in the outage after
 * which webhooks pile up: the engine reads what comes in and cannot write it. What the server takes with nothing to read, and with a
 * Salesforce that answers at once, is told beside it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Postgres, startPostgres } from '../test/support/postgres.ts'
import type { BareHandlerCommands } from './bare-handler-process.ts'
import { startChild } from './child.ts'
import { type Figure, inTurn, median } from './figures.ts'
import type { Answered, LoadCommands } from './load-process.ts'
import type { Options } from './options.ts'
import type { OrgAddress, OrgCommands } from './org-process.ts'
import type { ServiceCommands } from './service-process.ts'

const connections = 64
/** A port that nobody listens on. */
const nowhere: OrgAddress = { url: 'http://127.0.0.1:1', clientId: 'none', clientSecret: 'none' }

type Sizes = { warmUp: number; count: number }
type Fresh = (name: string) => Promise<string>

const load = async (name: string, port: number, sizes: Sizes, { report }: Options): Promise<Answered> => {
  const child = startChild<LoadCommands>('./load-process.ts')
  const answered = await child.ask('run', { port, connections, ...sizes })
  await child.stop()
  const { perSecond, p50, p99 } = answered
  report(`  ${name}: ${Math.round(perSecond)}/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
  return answered
}

const bare = async (fresh: Fresh, sizes: Sizes, options: Options): Promise<Answered> => {
  const child = startChild<BareHandlerCommands>('./bare-handler-process.ts')
  const port = await child.ask('serve', { databaseUrl: await fresh('bare') })
  const answered = await load('bare handler', port, sizes, options)
  await child.stop()
  return answered
}

type Behind = 'nothing to read' | 'Salesforce away' | 'Salesforce there'

const ours = async (fresh: Fresh, behind: Behind, sizes: Sizes, options: Options): Promise<Answered> => {
  const child = startChild<ServiceCommands>('./service-process.ts', { profile: options.profile })
  const org = behind === 'Salesforce there' ? startChild<OrgCommands>('./org-process.ts') : undefined
  const port = await child.ask('serve', {
    databaseUrl: await fresh('ours'),
    org: (await org?.ask('address', undefined)) ?? nowhere,
    ...(behind === 'nothing to read' ? { inboxUrl: await fresh('inbox') } : {}),
  })
  const answered = await load(`clerkforce, ${behind}`, port, sizes, options)
  const counts = await child.ask('counts', undefined)
  options.report(`    ${counts?.hints} not read yet, ${counts?.dirty} dirty`)
  await child.ask('stop', undefined)
  await Promise.all([child.stop(), org?.stop()])
  return answered
}

const perSecond = (runs: readonly Answered[]): number => median(runs.map((run) => run.perSecond))
const p99 = (runs: readonly Answered[]): number => median(runs.map((run) => run.p99))
const seen = (name: string, runs: readonly Answered[]): string =>
  `${name} ${Math.round(perSecond(runs))}/s, p99 ${p99(runs).toFixed(1)} ms`

const onPostgres = async (postgres: Postgres, options: Options): Promise<Figure[]> => {
  let databases = 0
  const fresh: Fresh = (name) => postgres.createDatabase(`${name}_${++databases}`)
  const sizes = options.quick ? { warmUp: 1_000, count: 4_000 } : { warmUp: 3_000, count: 15_000 }
  const way = (behind: Behind) => () => ours(fresh, behind, sizes, options)
  const [floor = [], away = [], unread = [], there = []] = await inTurn(options.quick ? 1 : 5, [
    () => bare(fresh, sizes, options),
    way('Salesforce away'),
    way('nothing to read'),
    way('Salesforce there'),
  ])
  const floorSeen = seen('bare handler', floor)
  const definition = `signed 3 KB webhooks over ${connections} connections to a durable 2xx, one server process, PostgreSQL with fsync`
  return [
    {
      name: 'intake: webhooks a second, to those of a bare handler',
      definition: `${definition}; clerkforce with its engine reading behind, against verify and one jsonb INSERT for each request`,
      value: perSecond(away) / perSecond(floor),
      unit: '',
      target: { least: 2 },
      seen: `${seen('clerkforce', away)}; ${floorSeen}`,
    },
    {
      name: 'intake: p99 of the answer, to that of the bare handler',
      definition: 'the same runs',
      value: p99(away) / p99(floor),
      unit: '',
      target: { most: 1 },
    },
    {
      name: 'intake: the same with nothing to read behind it',
      definition: 'the same server, storing where no engine reads',
      value: perSecond(unread) / perSecond(floor),
      unit: '',
      seen: seen('clerkforce', unread),
    },
    {
      name: 'intake: the same with a Salesforce that answers at once',
      definition:
        'the same server, whose engine reads and writes all the while; the emulator takes its part of the cores too',
      value: perSecond(there) / perSecond(floor),
      unit: '',
      seen: seen('clerkforce', there),
    },
  ]
}

const onPglite = async (folder: string, options: Options): Promise<Figure[]> => {
  let databases = 0
  const fresh: Fresh = async (name) => join(folder, `${name}_${++databases}`)
  const sizes = options.quick ? { warmUp: 300, count: 1_000 } : { warmUp: 1_000, count: 5_000 }
  const [floor = [], away = [], unread = []] = await inTurn(options.quick ? 1 : 3, [
    () => bare(fresh, sizes, options),
    () => ours(fresh, 'Salesforce away', sizes, options),
    () => ours(fresh, 'nothing to read', sizes, options),
  ])
  return [
    {
      name: 'intake on PGlite: webhooks a second, to those of a bare handler',
      definition:
        'as above, both on PGlite in a folder; the bare handler has it in its own thread, with one INSERT for each request',
      value: perSecond(away) / perSecond(floor),
      unit: '',
      target: { least: 2 },
      seen: `${seen('clerkforce', away)}; ${seen('bare handler', floor)}`,
    },
    {
      name: 'intake on PGlite: the same with nothing to read behind it',
      definition: 'the same server, storing where no engine reads',
      value: perSecond(unread) / perSecond(floor),
      unit: '',
      seen: seen('clerkforce', unread),
    },
  ]
}

export const measureIntake = async (options: Options): Promise<Figure[]> => {
  const postgres = await startPostgres({ durable: true })
  try {
    return await onPostgres(postgres, options)
  } finally {
    await postgres.stop()
  }
}

export const measureIntakeOnPglite = async (options: Options): Promise<Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'clerkforce-bench-'))
  try {
    return await onPglite(folder, options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
