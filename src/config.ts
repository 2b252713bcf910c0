import { createPrivateKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { SettingError } from './errors.ts'
import { OPTIONS, type OptionRow, type OptionValues, type SettingGroup } from './options.ts'

export type { LogLevel, SettingGroup } from './options.ts'

/*
 * Settings: the options of options.ts as they are set, read and checked at the start, before anything runs.
 *
 * A value comes from the first of: the flag, the environment, the file `.env` in the working folder, the default. An empty value counts as
 * none. A command names the groups it needs, so that `status` does not ask for Salesforce's keys. Options that belong together come out as
 * one thing: the four or five of Salesforce's login as one `auth`, paths made absolute.
 *
 * What is wrong comes as one SettingError, with one line for each setting that names it and says what it must be. All of it comes at once,
 * and secrets are never repeated in it. `process.env` is read in this file and nowhere else.
 */

/** How to log in to Salesforce. `privateKey` is a PEM; without `audience` it follows from the login URL. */
export type SalesforceAuthSettings =
  | { kind: 'client-credentials'; clientId: string; clientSecret: string }
  | { kind: 'jwt-bearer'; clientId: string; username: string; privateKey: string; audience?: string }

/** All settings, by group. Options that stand alone are described in options.ts. */
export type Settings = Omit<OptionValues, 'clerk' | 'salesforce'> & {
  clerk: { secretKey: string; apiUrl: string; requestsPer10s: number }
  salesforce: Omit<OptionValues['salesforce'], LoginOption> & { auth: SalesforceAuthSettings }
}

/** What comes out as one `auth`. */
type LoginOption = 'clientId' | 'clientSecret' | 'username' | 'privateKey' | 'privateKeyFile' | 'audience'

export type SettingSources = {
  /** @default process.env */
  env?: Readonly<Record<string, string | undefined>>
  /** What commander's `opts()` gives: `--clerk-api-url` is `clerkApiUrl`. @default {} */
  flags?: Readonly<Record<string, unknown>>
  /** Where `.env` and relative paths are looked for. @default process.cwd() */
  cwd?: string
}

export type OptionInfo = {
  group: SettingGroup
  env: string
  /** As commander takes it, such as `--port <number>`. */
  flag: string
  description: string
  /** Undefined where there is none; a sentence rather than a value where `defaultInWords`. */
  default: string | undefined
  defaultInWords: boolean
  required: boolean
  secret: boolean
}

/** The options of some groups in the order of the table, for `--help` and the reference. */
export function listOptions(groups: readonly SettingGroup[]): OptionInfo[] {
  return groups.flatMap((group) =>
    rowsOf(group).map(([, row]) => ({
      group,
      env: row.env,
      flag: row.flag,
      description: row.description,
      default: row.default ?? row.defaultNote,
      defaultInWords: row.defaultNote !== undefined,
      required: row.required ?? false,
      secret: row.secret ?? false,
    })),
  )
}

/** All groups there are, in the order of the table. */
export const SETTING_GROUPS: readonly SettingGroup[] = Object.keys(OPTIONS) as SettingGroup[]

/** The sentence beside a flag in `--help`. */
export function helpText(option: OptionInfo): string {
  const notes = [`env: ${option.env}`, ...(option.default === undefined ? [] : [`default: ${option.default}`])]
  return `${option.description} (${notes.join('; ')})`
}

/**
 * Reads the settings of `groups`, such as `readSettings(['clerk', 'database'], { flags: command.opts() })`.
 * @throws SettingError with a line for each setting that is missing or malformed.
 */
export function readSettings<G extends SettingGroup>(
  groups: readonly G[],
  { env = process.env, flags = {}, cwd = process.cwd() }: SettingSources = {},
): Pick<Settings, G> {
  const reading: Reading = { env, flags, cwd, dotEnv: readDotEnv(cwd), faults: [] }
  const settings = groups.map((group) => [group, readGroup(group, reading)])
  if (reading.faults.length > 0) throw new SettingError(reading.faults.join('\n'))
  return Object.fromEntries(settings) as Pick<Settings, G>
}

type Reading = Required<SettingSources> & { dotEnv: Readonly<Record<string, string | undefined>>; faults: string[] }

/** Some may be missing while others are still to be read; then there is a fault, and nobody gets them. */
type Incomplete<T> = { [K in keyof T]: T[K] | undefined }

const FINISH: {
  [G in SettingGroup]?: (values: Incomplete<OptionValues[G]>, reading: Reading) => Incomplete<Settings[G]>
} = {
  clerk: (values) => ({
    ...values,
    // Half of what Clerk allows the instance; the other half is for the application that the instance is there for.
    requestsPer10s: values.requestsPer10s ?? (values.secretKey?.startsWith('sk_live_') ? 500 : 50),
  }),
  salesforce: (values, reading) => {
    const { loginUrl, apiVersion, allowanceShare, concurrency } = values
    const { events, pubsubEndpoint, eventChannel, pollSeconds } = values
    const auth = readAuth(values, reading)
    return {
      loginUrl,
      auth,
      apiVersion,
      allowanceShare,
      concurrency,
      events,
      pubsubEndpoint,
      eventChannel,
      pollSeconds,
    }
  },
  database: ({ url }, { cwd }) => ({
    url: url === undefined || /^(postgres(ql)?:\/\/|memory:)/.test(url) ? url : resolve(cwd, url),
  }),
  mapping: ({ file, resync }, reading) => ({ file: findMapping(file, reading), resync }),
}

function readGroup<G extends SettingGroup>(group: G, reading: Reading): unknown {
  const values = Object.fromEntries(rowsOf(group).map(([name, row]) => [name, readOption(row, reading)]))
  const finish = FINISH[group]
  return finish === undefined ? values : finish(values as Incomplete<OptionValues[G]>, reading)
}

function rowsOf(group: SettingGroup): [string, OptionRow][] {
  return Object.entries(OPTIONS[group])
}

function readOption(row: OptionRow, reading: Reading): unknown {
  const given = findText(row, reading)
  if (given === undefined) {
    if (row.required) reading.faults.push(`${nameOf(row)} is missing. ${row.description}`)
    return row.default === undefined ? undefined : row.schema.parse(row.default)
  }
  const result = row.schema.safeParse(given.text)
  if (result.success) return result.data
  const found = row.secret ? `the one from ${given.from} is not` : `${given.from} has ${JSON.stringify(given.text)}`
  reading.faults.push(`${nameOf(row)} ${result.error.issues[0]?.message}; ${found}.`)
  return undefined
}

function findText(row: OptionRow, { flags, env, dotEnv }: Reading): { text: string; from: string } | undefined {
  const places: [unknown, string][] = [
    [flags[attributeOf(row.flag)], 'the flag'],
    [env[row.env], 'the environment'],
    [dotEnv[row.env], '.env'],
  ]
  for (const [value, from] of places) {
    const text = value === undefined ? '' : String(value).trim()
    if (text !== '') return { text, from }
  }
  return undefined
}

/** commander's name for a flag's value: `--clerk-api-url <url>` is `clerkApiUrl`. */
function attributeOf(flag: string): string {
  return longFlag(flag)
    .slice(2)
    .replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

const longFlag = (flag: string): string => flag.replace(/ .*/, '')
const nameOf = (row: OptionRow): string => `${row.env} (${longFlag(row.flag)})`

function readDotEnv(cwd: string): Readonly<Record<string, string | undefined>> {
  return parseEnv(readText(resolve(cwd, '.env')) ?? '')
}

/** Undefined where there is no such file, or a folder of that name, or no right to read it. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function findMapping(file: string | undefined, { cwd, faults }: Reading): string | undefined {
  if (file === undefined)
    return ['clerkforce.config.ts', 'clerkforce.config.mts'].map((name) => resolve(cwd, name)).find(existsSync)
  const path = resolve(cwd, file)
  if (existsSync(path)) return path
  faults.push(`${nameOf(OPTIONS.mapping.file)} names a file that does not exist: ${path}`)
  return undefined
}

/** One way to log in, and the whole of it; anything else is a fault. */
function readAuth(
  values: Incomplete<OptionValues['salesforce']>,
  reading: Reading,
): SalesforceAuthSettings | undefined {
  const { clientSecret: secretRow, username: userRow, privateKey: keyRow, privateKeyFile: fileRow } = OPTIONS.salesforce
  const { clientId = '', clientSecret, username, privateKey, privateKeyFile, audience } = values
  const bearer = username ?? privateKey ?? privateKeyFile
  const fault = (line: string): undefined => void reading.faults.push(line)

  if (clientSecret !== undefined && bearer !== undefined) {
    return fault(
      `${nameOf(secretRow)} is set, and so is ${nameOf(username ? userRow : privateKey ? keyRow : fileRow)}: keep one way to log in to Salesforce, client credentials or JWT bearer.`,
    )
  }
  if (clientSecret !== undefined) {
    const host = URL.parse(values.loginUrl ?? '')?.hostname
    if (host === 'login.salesforce.com' || host === 'test.salesforce.com') {
      return fault(
        `${nameOf(OPTIONS.salesforce.loginUrl)} must be the My Domain of the org for client credentials; it is ${host}.`,
      )
    }
    return { kind: 'client-credentials', clientId, clientSecret }
  }
  if (bearer === undefined) {
    return fault(
      `${nameOf(secretRow)} is missing, or ${userRow.env} with ${keyRow.env} or ${fileRow.env}: one way to log in to Salesforce.`,
    )
  }
  if (username === undefined) return fault(`${nameOf(userRow)} is missing: the private key logs in as a user.`)
  const pem = readPrivateKey(privateKey, privateKeyFile, reading)
  return pem === undefined
    ? undefined
    : { kind: 'jwt-bearer', clientId, username, privateKey: pem, ...(audience === undefined ? {} : { audience }) }
}

function readPrivateKey(
  text: string | undefined,
  file: string | undefined,
  { cwd, faults }: Reading,
): string | undefined {
  const { privateKey: keyRow, privateKeyFile: fileRow } = OPTIONS.salesforce
  if (text !== undefined && file !== undefined) {
    faults.push(`${nameOf(keyRow)} is set, and so is ${nameOf(fileRow)}: keep one of them.`)
    return undefined
  }
  if (text !== undefined) {
    if (isRsaKey(text)) return text
    faults.push(`${nameOf(keyRow)} must be an RSA private key as a PEM, without a passphrase.`)
    return undefined
  }
  if (file === undefined) {
    faults.push(
      `${nameOf(keyRow)}, or ${nameOf(fileRow)}, is missing: ${OPTIONS.salesforce.username.env} logs in with a private key.`,
    )
    return undefined
  }
  const path = resolve(cwd, file)
  const pem = readText(path)
  if (pem !== undefined && isRsaKey(pem)) return pem
  faults.push(
    `${nameOf(fileRow)} must name a file with an RSA private key as a PEM, without a passphrase; ${path} is not one.`,
  )
  return undefined
}

/** Salesforce takes RS256 alone. */
function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}
