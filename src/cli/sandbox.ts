import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readSettings, type Settings } from '../config.ts'
import type { ClerkEmulatorOptions } from '../emulators/index.ts'
import { SettingError } from '../errors.ts'
import { addOptions } from './add-options.ts'
import { listenError } from './listen-error.ts'
import { printJson } from './table.ts'
import { untilStopped } from './until-stopped.ts'

type Flags = { json: boolean; sampleData: boolean }

export const registerSandbox = (program: Command): void => {
  const command = program
    .command('sandbox')
    .description('run the Clerk and the Salesforce emulator alone, to play with and to test against, until stopped')
    .option('--sample-data', 'begin with a dozen Accounts and twenty Contacts in Salesforce', false)
    .option('--json', 'print addresses, keys and secrets as JSON', false)
    .action(async (flags: Flags) => {
      const { sandbox } = readSettings(['sandbox'], { flags })
      const stopped = untilStopped()
      const running = await startSandbox(sandbox, flags.sampleData).catch((error: unknown) => {
        const { portBase } = sandbox
        throw listenError(
          error,
          { name: 'the host', value: '127.0.0.1' },
          { name: 'CLERKFORCE_SANDBOX_PORT_BASE (--port-base)', value: String(portBase) },
        )
      })
      if (flags.json) printJson(running.described)
      else process.stdout.write(render(running.described, sandbox))
      await stopped
      await running.close()
      process.exit(0)
    })
  addOptions(command, ['sandbox'])
}

type Described = {
  clerk: { url: string; secretKey: string; signingSecret: string; page: string; control: string }
  salesforce: {
    url: string
    clientId: string
    clientSecret: string
    username: string
    page: string
    control: string
    /** Change events; the certificate is for clients that are to trust the address with TLS. */
    pubsub: { tls: string; plaintext: string; certificate: string }
  }
  /** For `.env` of `clerkforce serve`. */
  env: Readonly<Record<string, string>>
}

/** Objects whose changes the sandbox tells of, as if selected in Setup; an org may select five. */
const captured = ['Account', 'Contact', 'AccountContactRelation']

/** Where each emulator keeps its state. @throws SettingError when the folder cannot be made */
const stateFiles = async (folder: string | undefined): Promise<{ clerk?: string; salesforce?: string }> => {
  if (folder === undefined) return {}
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new SettingError(`CLERKFORCE_SANDBOX_STATE (--state): ${folder} cannot be used (${why})`, { cause: error })
  })
  return { clerk: join(folder, 'clerk.json'), salesforce: join(folder, 'salesforce.json') }
}

/** A state that cannot be read is a matter of settings: the text says which file it is. */
const asSettingError = (error: unknown): unknown =>
  error instanceof Error && error.name === 'SnapshotError'
    ? new SettingError(`CLERKFORCE_SANDBOX_STATE (--state): ${error.message}`, { cause: error })
    : error

const startSandbox = async (
  { portBase, seed, webhookUrl, state }: Settings['sandbox'],
  sampleData: boolean,
): Promise<{ described: Described; close: () => Promise<void> }> => {
  const [{ startClerkEmulator, startSalesforceEmulator }, { seededRandom }] = await Promise.all([
    import('../emulators/index.ts'),
    import('../emulators/kit/random.ts'),
  ])
  const files = await stateFiles(state)
  // Without a seed of the user's the keys stay the same, but no id comes twice: a serve that lives on would take it for a repeat.
  const seeds = seed === undefined ? { seed: 1, idSeed: Date.now() } : { seed }
  const clerkOptions: ClerkEmulatorOptions = {
    ...seeds,
    ...(webhookUrl !== undefined && { webhookUrl }),
    ...(files.clerk !== undefined && { state: files.clerk }),
  }
  const clerk = await startClerkEmulator({ port: portBase + 1, ...clerkOptions }).catch((error: unknown) => {
    throw asSettingError(error)
  })
  const salesforce = await startSalesforceEmulator({
    port: portBase + 2,
    pubsub: { tlsPort: portBase + 3, plaintextPort: portBase + 4 },
    changeDataCapture: captured,
    seed: seed ?? 1,
    sampleData,
    ...(files.salesforce !== undefined && { state: files.salesforce }),
  }).catch(async (error: unknown) => {
    await clerk.close()
    throw asSettingError(error)
  })
  const { clientId, clientSecret, username, pubsub } = salesforce
  return {
    described: {
      clerk: {
        url: clerk.url,
        secretKey: clerk.secretKey,
        signingSecret: clerk.signingSecret,
        page: `${clerk.url}/_emulator/`,
        control: `${clerk.url}/_emulator`,
      },
      salesforce: {
        url: salesforce.url,
        clientId,
        clientSecret,
        username,
        page: `${salesforce.url}/_emulator/`,
        control: `${salesforce.url}/_emulator`,
        pubsub: {
          tls: pubsub?.tlsUrl ?? '',
          plaintext: pubsub?.plaintextUrl ?? '',
          certificate: pubsub?.certificate ?? '',
        },
      },
      env: {
        CLERK_API_URL: clerk.url,
        CLERK_SECRET_KEY: clerk.secretKey,
        CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
        SALESFORCE_LOGIN_URL: salesforce.url,
        SALESFORCE_CLIENT_ID: clientId,
        SALESFORCE_CLIENT_SECRET: clientSecret,
        SALESFORCE_PUBSUB_ENDPOINT: `http://${pubsub?.plaintextUrl}`,
        CLERKFORCE_ADMIN_TOKEN: `sandbox-${seededRandom((seed ?? 1) ^ 0xad).text(24)}`,
      },
    },
    close: async () => {
      await Promise.all([clerk.close(), salesforce.close()])
    },
  }
}

const render = ({ clerk, salesforce, env }: Described, { webhookUrl, state }: Settings['sandbox']): string => {
  const { pubsub } = salesforce
  return [
    `# Clerk       ${clerk.url}`,
    `#   look inside: ${clerk.page}`,
    webhookUrl === undefined
      ? `#   webhooks go nowhere: --webhook-url http://127.0.0.1:4800/webhooks/clerk sends them to clerkforce serve`
      : `#   webhooks go to ${webhookUrl}`,
    `# Salesforce  ${salesforce.url}   user ${salesforce.username}`,
    `#   look inside: ${salesforce.page}`,
    `#   change events (gRPC): ${pubsub.plaintext} plain, ${pubsub.tls} with TLS; --json prints the certificate`,
    state === undefined ? '# Nothing is kept: --state FOLDER keeps it.' : `# State: ${state}, written at the end`,
    '# These lines are an .env for clerkforce serve. Ctrl-C stops the sandbox.',
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    '',
  ].join('\n')
}
