import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { systemClock } from '../clock.ts'
import { readSettings } from '../config.ts'
import { holderOf } from '../db/folder-lock.ts'
import type { Operations } from '../server/operations.ts'
import type { MappingConfig } from '../sync/plan/mapping.ts'
import { withProgress } from './progress.ts'

type Flags = Readonly<Record<string, unknown>>

export type OperateOptions = {
  flags: Flags
  /** For commands that create organizations: Clerk's key is needed, unless a running process is asked, which has it. @default false */
  clerk?: boolean
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

const onDatabase = async <T>(
  url: string,
  { flags, clerk: asksClerk = false, mapping = false }: OperateOptions,
  work: (operations: Operations) => Promise<T>,
): Promise<T> => {
  const keys = asksClerk ? readSettings(['clerk'], { flags }).clerk : undefined
  const config = mapping ? await readMapping(flags) : undefined
  const [{ openDatabase }, { migrate }, { createOperations }, { createClerkClient }] = await Promise.all([
    import('../db/database.ts'),
    import('../db/migrate.ts'),
    import('../server/operations.ts'),
    import('../clerk/client.ts'),
  ])
  const db = await openDatabase({ url })
  const clerk = keys ? createClerkClient(keys) : undefined
  try {
    await migrate(db)
    return await work(
      createOperations({
        db,
        clerk,
        engine: undefined,
        salesforce: undefined,
        clock: systemClock,
        newKey: randomUUID,
        config,
      }),
    )
  } finally {
    await Promise.all([db.close(), clerk?.close()])
  }
}
