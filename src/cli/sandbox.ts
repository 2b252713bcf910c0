import type { Command } from 'commander'
import { readSettings, type Settings } from '../config.ts'
import type { ClerkEmulatorOptions } from '../emulators/index.ts'
import { addOptions } from './add-options.ts'
import { listenError } from './listen-error.ts'
import { printJson } from './table.ts'
import { untilStopped } from './until-stopped.ts'

export const registerSandbox = (program: Command): void => {
  const command = program
    .command('sandbox')
    .description('run the Clerk and the Salesforce emulator alone, to play with and to test against, until stopped')
    .option('--json', 'print addresses, keys and secrets as JSON', false)
    .action(async (flags: { json: boolean }) => {
      const { sandbox } = readSettings(['sandbox'], { flags })
      const stopped = untilStopped()
      const running = await startSandbox(sandbox).catch((error: unknown) => {
        const { portBase } = sandbox
        throw listenError(
          error,
          { name: 'the host', value: '127.0.0.1' },
          { name: 'CLERKFORCE_SANDBOX_PORT_BASE (--port-base)', value: String(portBase) },
        )
      })
      if (flags.json) printJson(running.described)
      else process.stdout.write(render(running.described, sandbox.webhookUrl))
      await stopped
      await running.close()
      process.exit(0)
    })
  addOptions(command, ['sandbox'])
}

type Described = {
  clerk: { url: string; secretKey: string; signingSecret: string; control: string }
  salesforce: { url: string; clientId: string; clientSecret: string; username: string; control: string }
  /** For `.env` of `clerkforce serve`. */
  env: Readonly<Record<string, string>>
}

const startSandbox = async ({
  portBase,
  seed,
  webhookUrl,
}: Settings['sandbox']): Promise<{ described: Described; close: () => Promise<void> }> => {
  const [{ startClerkEmulator, startSalesforceEmulator }, { seededRandom }] = await Promise.all([
    import('../emulators/index.ts'),
    import('../emulators/kit/random.ts'),
  ])
  // Without a seed of the user's the keys stay the same, but no id comes twice: a serve that lives on would take it for a repeat.
  const seeds = seed === undefined ? { seed: 1, idSeed: Date.now() } : { seed }
  const hooks: ClerkEmulatorOptions = webhookUrl === undefined ? {} : { webhookUrl }
  const clerk = await startClerkEmulator({ port: portBase + 1, ...seeds, ...hooks })
  const salesforce = await startSalesforceEmulator({ port: portBase + 2, seed: seed ?? 1 }).catch(
    async (error: unknown) => {
      await clerk.close()
      throw error
    },
  )
  const { clientId, clientSecret, username } = salesforce
  return {
    described: {
      clerk: {
        url: clerk.url,
        secretKey: clerk.secretKey,
        signingSecret: clerk.signingSecret,
        control: `${clerk.url}/_emulator`,
      },
      salesforce: { url: salesforce.url, clientId, clientSecret, username, control: `${salesforce.url}/_emulator` },
      env: {
        CLERK_API_URL: clerk.url,
        CLERK_SECRET_KEY: clerk.secretKey,
        CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
        SALESFORCE_LOGIN_URL: salesforce.url,
        SALESFORCE_CLIENT_ID: clientId,
        SALESFORCE_CLIENT_SECRET: clientSecret,
        CLERKFORCE_ADMIN_TOKEN: `sandbox-${seededRandom((seed ?? 1) ^ 0xad).text(24)}`,
      },
    },
    close: async () => {
      await Promise.all([clerk.close(), salesforce.close()])
    },
  }
}

const render = ({ clerk, salesforce, env }: Described, webhookUrl: string | undefined): string => {
  const hooks =
    webhookUrl === undefined
      ? `# Webhooks go nowhere: --webhook-url http://127.0.0.1:4800/webhooks/clerk sends them to clerkforce serve.`
      : `# Webhooks go to ${webhookUrl}`
  return [
    `# Clerk      ${clerk.url}  controls: ${clerk.control}`,
    `# Salesforce ${salesforce.url}  controls: ${salesforce.control}`,
    hooks,
    '# These lines are an .env for clerkforce serve. Ctrl-C stops the sandbox.',
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    '',
  ].join('\n')
}
