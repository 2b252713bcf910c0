import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { systemClock } from '../clock.ts'
import { readSettings, type Settings } from '../config.ts'
import { holderOf } from '../db/folder-lock.ts'
import { SettingError } from '../errors.ts'
import type { SalesforceClient } from '../salesforce/client.ts'
import type { Operations } from '../server/operations.ts'
import type { MappingConfig } from '../sync/plan/mapping.ts'
import type { Checked } from '../sync/write/check-mapping.ts'
import { withProgress } from './progress.ts'

type Flags = Readonly<Record<string, unknown>>

export type OperateOptions = {
  flags: Flags
  /**
   * For commands that ask Clerk: its key is needed, unless a running process is asked, which has it; `optional`: it is used if there is one.
   * @default false
   */
  clerk?: boolean | 'optional'
  /** For commands that ask Salesforce: its settings are needed, unless a running process is asked, which has them. @default false */
  salesforce?: boolean
  /** For commands that need the mapping, unless a running process is asked, which has it. @default false */
  mapping?: boolean
  /** Whether a database that does not exist yet is made. @default false */
  create?: boolean
  /** What is being done, for the line of progress. */
  doing?: () => string
}

const isFolder = (url: string): boolean => !/^(postgres(ql)?:\/\/|memory:)/.test(url)

/**
 * Runs `work` with the operations: on the database, or, where that is a folder that a running `serve` holds, by asking that process.
 * @throws SettingError when that process cannot be asked for want of the admin token.
 */
export const operate = async <T>(options: OperateOptions, work: (operations: Operations) => Promise<T>): Promise<T> => {
  const { flags, create = false } = options
  const { database, server } = readSettings(['database', 'server'], { flags })
  if (isFolder(database.url)) {
    const holder = await holderOf(database.url)
    if (holder) {
      const { askServer } = await import('./ask-server.ts')
      return withProgress(
        options.doing ?? 'Asking the running server',
        work(askServer(server, { folder: database.url, pid: holder.pid })),
      )
    }
    if (!create && !existsSync(database.url))
      throw new Error(
        `there is no database at ${database.url} yet; clerkforce serve makes one (DATABASE_URL says where)`,
      )
  }
  return withProgress(options.doing ?? 'Working on the database', onDatabase(database.url, options, work))
}

const readMapping = async (flags: Flags): Promise<MappingConfig> => {
  const { loadMapping } = await import('../load-mapping.ts')
  return loadMapping(readSettings(['mapping'], { flags }).mapping.file)
}

/** Whether the settings name a key of Clerk's at all. */
const hasClerk = (flags: Flags): boolean => {
  try {
    readSettings(['clerk'], { flags })
    return true
  } catch (error) {
    if (error instanceof SettingError) return false
    throw error
  }
}

const openSalesforce = async ({ loginUrl, auth, apiVersion }: Settings['salesforce']): Promise<SalesforceClient> => {
  const { createSalesforceClient } = await import('../salesforce/client.ts')
  return createSalesforceClient({ loginUrl, auth, apiVersion, now: systemClock.now })
}

const checkMapping = async (api: SalesforceClient, config: MappingConfig | undefined): Promise<Checked> =>
  (await import('../sync/write/check-mapping.ts')).checkMapping(api, config ?? {})

const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let done: Promise<T> | undefined
  return () => {
    done ??= work()
    return done
  }
}

const onDatabase = async <T>(
  url: string,
  { flags, clerk: asksClerk = false, salesforce: asksSalesforce = false, mapping = false }: OperateOptions,
  work: (operations: Operations) => Promise<T>,
): Promise<T> => {
  const keys =
    asksClerk && !(asksClerk === 'optional' && !hasClerk(flags)) ? readSettings(['clerk'], { flags }).clerk : undefined
  const org = asksSalesforce ? readSettings(['salesforce'], { flags }).salesforce : undefined
  const config = mapping ? await readMapping(flags) : undefined
  const [{ openDatabase }, { migrate }, { createOperations }, { createClerkClient }] = await Promise.all([
    import('../db/database.ts'),
    import('../db/migrate.ts'),
    import('../server/operations.ts'),
    import('../clerk/client.ts'),
  ])
  const db = await openDatabase({ url })
  const clerk = keys ? createClerkClient(keys) : undefined
  const api = org ? await openSalesforce(org) : undefined
  try {
    await migrate(db)
    return await work(
      createOperations({
        db,
        clerk,
        engine: undefined,
        salesforce: undefined,
        sides: api && { api, clerk, checked: once(() => checkMapping(api, config)) },
        clock: systemClock,
        newKey: randomUUID,
        config,
      }),
    )
  } finally {
    await Promise.all([db.close(), clerk?.close(), api?.close()])
  }
}
