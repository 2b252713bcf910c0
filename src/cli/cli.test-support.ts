import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject, onTestFinished } from 'vitest'
import { startClerkEmulator, startSalesforceEmulator } from '../emulators/index.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

export type Env = Readonly<Record<string, string>>
export type Ran = { code: number | null; stdout: string; stderr: string }

/** A command that runs; what it has written so far, and its end. */
export type Spawned = {
  stdout: () => string
  stderr: () => string
  kill: (signal: NodeJS.Signals) => void
  ended: Promise<Ran>
  /** Resolves with the first match in standard output. @throws Error when the command ends before, with what it wrote */
  seen: (pattern: RegExp) => Promise<RegExpExecArray>
}

/** An empty folder to run commands in; removed when the test ends. */
export const emptyFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'clerkforce-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A folder to run commands in that has its database already: to make one takes three seconds of a processor. */
export const folderWithDatabase = (): string => {
  const folder = emptyFolder()
  cpSync(inject('pgliteFolder'), join(folder, '.clerkforce'), { recursive: true })
  return folder
}

/** Where compiled files are kept between starts (see the global set-up). */
const cache = process.env['NODE_COMPILE_CACHE']
const compiled: Env = cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }

/** Starts `clerkforce <args>` in a process of its own, with nothing in its environment but `env` and that cache. */
export const spawnCli = (args: readonly string[], { cwd, env = {} }: { cwd: string; env?: Env }): Spawned => {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...compiled, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    for (const watch of watchers) watch()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => child.kill(signal),
    ended,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          const match = pattern.exec(stdout)
          if (!match) return
          watchers.delete(watch)
          resolve(match)
        }
        watchers.add(watch)
        watch()
        void ended.then(() => reject(new Error(`it ended without ${pattern}:\n${stdout}${stderr}`)))
      }),
  }
}

/** Runs `clerkforce <args>` to its end. */
export const runCli = (args: readonly string[], options: { cwd: string; env?: Env }): Promise<Ran> =>
  spawnCli(args, options).ended

/** Both emulators, and the environment that leads to them. */
export const startEmulators = async (): Promise<{
  clerk: Awaited<ReturnType<typeof startClerkEmulator>>
  salesforce: Awaited<ReturnType<typeof startSalesforceEmulator>>
  env: Env
}> => {
  const clerk = await startClerkEmulator()
  const salesforce = await startSalesforceEmulator({ pubsub: {} })
  onTestFinished(async () => {
    await Promise.all([clerk.close(), salesforce.close()])
  })
  return {
    clerk,
    salesforce,
    env: {
      CLERK_API_URL: clerk.url,
      CLERK_SECRET_KEY: clerk.secretKey,
      CLERK_WEBHOOK_SIGNING_SECRET: clerk.signingSecret,
      SALESFORCE_LOGIN_URL: salesforce.url,
      SALESFORCE_CLIENT_ID: salesforce.clientId,
      SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
      SALESFORCE_PUBSUB_ENDPOINT: `http://${salesforce.pubsub?.plaintextUrl}`,
      CLERKFORCE_HOST: '127.0.0.1',
      PORT: '0',
    },
  }
}

/** Starts `clerkforce serve` and waits until it listens. Webhooks of the emulator go there. */
export const startServe = async (
  clerk: Awaited<ReturnType<typeof startClerkEmulator>>,
  options: { cwd: string; env: Env },
): Promise<Spawned & { port: number }> => {
  const serve = spawnCli(['serve'], options)
  const [, port] = await serve.seen(/"port":(\d+)/)
  clerk.webhooks.add({ url: `http://127.0.0.1:${port}/webhooks/clerk`, secret: clerk.signingSecret })
  return { ...serve, port: Number(port) }
}
