import type { Command } from 'commander'
import { readSettings, SETTING_GROUPS, type SettingGroup } from '../config.ts'
import type { Log } from '../log.ts'
import type { ClerkforceSettings, RunningClerkforce } from '../program.ts'
import { addOptions } from './add-options.ts'
import { listenError } from './listen-error.ts'
import { withProgress } from './progress.ts'
import { untilStopped } from './until-stopped.ts'

const groups = SETTING_GROUPS.filter((group): group is Exclude<SettingGroup, 'sandbox'> => group !== 'sandbox')

export const registerServe = (program: Command): void => {
  const command = program
    .command('serve')
    .description("take in Clerk's webhooks and keep Salesforce in agreement, until it is stopped")
    .action(async (flags: Record<string, unknown>) => {
      const settings = readSettings(groups, { flags })
      const stopped = untilStopped()
      const [{ startClerkforce }, { createLog }] = await Promise.all([import('../program.ts'), import('../log.ts')])
      const log = createLog(settings.log.level)
      const { host, port } = settings.server
      const starting = startClerkforce({ settings, log }).catch((error: unknown) => {
        throw listenError(
          error,
          { name: 'CLERKFORCE_HOST (--host)', value: host },
          { name: 'PORT (--port)', value: String(port) },
        )
      })
      // Where nobody looks on there are JSON lines alone.
      const running = await (process.stdout.isTTY ? withProgress('Opening the database', starting) : starting)
      announce(running, settings, log)
      const signal = await stopped
      log.info({ stage: 'stop', signal }, 'stopping: work under way is finished or given back')
      await running.close()
      log.info({ stage: 'stop' }, 'stopped')
      // Whatever may still be open, such as a call that never ends, is not waited for: everything that matters is in the database.
      process.exit(0)
    })
  addOptions(command, groups)
}

const announce = ({ url, port, db }: RunningClerkforce, settings: ClerkforceSettings, log: Log): void => {
  if (!process.stdout.isTTY) {
    log.info({ stage: 'start', port, database: db.kind }, 'listening')
    return
  }
  const database = {
    postgres: 'PostgreSQL: any number of processes may share it',
    pglite: `PGlite in ${settings.database.url}: this process alone; survives a crash, not a power cut. For more, set DATABASE_URL to postgres://…`,
  }[db.kind]
  const operations = settings.server.adminToken
    ? `${url}/api/status, ${url}/metrics (with the admin token)`
    : 'closed; set CLERKFORCE_ADMIN_TOKEN to open /api and /metrics'
  const lines = [
    ['webhooks', `${url}/webhooks/clerk  (give Clerk this path at your public https:// address)`],
    ['health', `${url}/healthz, ${url}/readyz`],
    ['operations', operations],
    ['Clerk', settings.clerk.apiUrl],
    ['Salesforce', settings.salesforce.loginUrl],
    ['database', database],
  ] as const
  process.stdout.write(
    `\nclerkforce is up. Ctrl-C stops it.\n${lines.map(([what, is]) => `  ${what.padEnd(11)}${is}\n`).join('')}\n`,
  )
}
