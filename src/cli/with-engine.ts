import { randomUUID } from 'node:crypto'
import { systemClock } from '../clock.ts'
import { readSettings, SETTING_GROUPS, type SettingGroup } from '../config.ts'
import { holderOf } from '../db/folder-lock.ts'
import type { Operations } from '../server/operations.ts'

/** What such a command may be given: whatever `serve` may. */
export const engineSettings: readonly Exclude<SettingGroup, 'sandbox'>[] = SETTING_GROUPS.filter(
  (group) => group !== 'sandbox',
)

/** Where the work is done: by a running `serve` that was asked, or by this command itself. */
export type Place = { by: 'serve'; pid: number } | { by: 'here' }

/**
 * Runs `work` with the operations of a process that works off what is found: where a running `serve` holds the database folder, that one is asked;
 * otherwise an engine runs here until the work is done, beside those of others where they share a PostgreSQL. It does not follow Salesforce, and
 * takes in no webhooks.
 * @param options `observeOnly`: the engine here writes to neither side, and works on plans alone
 */
export const withEngine = async <T>(
  flags: Readonly<Record<string, unknown>>,
  work: (operations: Operations, place: Place) => Promise<T>,
  { observeOnly = false }: { observeOnly?: boolean } = {},
): Promise<T> => {
  const { database, server } = readSettings(['database', 'server'], { flags })
  const holder = /^(postgres(ql)?:\/\/|memory:)/.test(database.url) ? undefined : await holderOf(database.url)
  if (holder) {
    const { askServer } = await import('./ask-server.ts')
    return work(askServer(server, { folder: database.url, pid: holder.pid }), { by: 'serve', pid: holder.pid })
  }
  const [{ CLERKFORCE_SETTINGS, openClerkforce }, { createLog }, { createOperations }] = await Promise.all([
    import('../program.ts'),
    import('../log.ts'),
    import('../server/operations.ts'),
  ])
  const settings = readSettings(CLERKFORCE_SETTINGS, { flags })
  const { db, engine, close } = await openClerkforce({
    settings: {
      ...settings,
      salesforce: { ...settings.salesforce, events: 'off' },
      reconcile: { ...settings.reconcile, at: '' },
    },
    log: createLog('silent'),
    observeOnly,
  })
  try {
    const operations = createOperations({
      db,
      engine,
      clerk: undefined,
      salesforce: undefined,
      clock: systemClock,
      newKey: randomUUID,
    })
    return await work(operations, { by: 'here' })
  } finally {
    await close()
  }
}
