import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { renderConfigDocs } from '../scripts/generate-config-docs.ts'
import {
  helpText,
  listOptions,
  readSettings,
  SETTING_GROUPS,
  type SettingGroup,
  type SettingSources,
} from './config.ts'
import { SettingError } from './errors.ts'
import { OPTIONS } from './options.ts'

const root = mkdtempSync(join(tmpdir(), 'clerkforce-config-'))
afterAll(() => rmSync(root, { recursive: true }))
let cwd = ''
beforeEach(() => {
  cwd = mkdtempSync(join(root, 'cwd-'))
})

const SERVE: readonly SettingGroup[] = SETTING_GROUPS.filter((group) => group !== 'sandbox')
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const { privateKey: PEM } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

const COMPLETE = {
  CLERK_SECRET_KEY: 'sk_test_abc',
  CLERK_WEBHOOK_SIGNING_SECRET: SECRET,
  SALESFORCE_LOGIN_URL: 'https://example.my.salesforce.com',
  SALESFORCE_CLIENT_ID: 'client',
  SALESFORCE_CLIENT_SECRET: 'client-secret',
}
const { SALESFORCE_CLIENT_SECRET: _, ...WITHOUT_LOGIN } = COMPLETE
const BEARER = { ...WITHOUT_LOGIN, SALESFORCE_USERNAME: 'sync@example.com', SALESFORCE_PRIVATE_KEY: PEM }

const read = <G extends SettingGroup>(groups: readonly G[], sources: SettingSources) =>
  readSettings(groups, { env: {}, cwd, ...sources })

/** The lines of the error, which is all that a person gets to see. */
function faultsOf(env: Record<string, string>, flags: Record<string, unknown> = {}): string[] {
  try {
    read(SERVE, { env, flags })
  } catch (error) {
    if (error instanceof SettingError) return error.message.split('\n')
    throw error
  }
  return []
}

test('with the keys alone, everything else has its default', () => {
  expect(read(SERVE, { env: COMPLETE })).toEqual({
    clerk: { secretKey: 'sk_test_abc', apiUrl: 'https://api.clerk.com', requestsPer10s: 50 },
    webhook: { signingSecrets: [SECRET] },
    salesforce: {
      loginUrl: 'https://example.my.salesforce.com',
      auth: { kind: 'client-credentials', clientId: 'client', clientSecret: 'client-secret' },
      apiVersion: '66.0',
      allowanceShare: 0.8,
      concurrency: 5,
      events: 'auto',
      pubsubEndpoint: 'api.pubsub.salesforce.com:7443',
      eventChannel: 'Clerk_Sync__chn',
      pollSeconds: 60,
    },
    database: { url: join(cwd, '.clerkforce') },
    server: { host: '0.0.0.0', port: 4800, adminToken: undefined },
    mapping: { file: undefined, resync: 'ask' },
    retention: { hintDays: 30, journalDays: 365 },
    reconcile: { at: '03:30', deletionsShare: 0.05, deletionsNumber: 50, budget: 10_000 },
    log: { level: 'info' },
  })
})

test('a command is asked only for what it reads', () => {
  expect(read(['database', 'log'], {})).toEqual({ database: { url: join(cwd, '.clerkforce') }, log: { level: 'info' } })
})

test('everything that is missing is named at once, one line each', () => {
  expect(faultsOf({})).toEqual([
    'CLERK_SECRET_KEY (--clerk-secret-key) is missing. Secret key of the Clerk instance, from API keys in the dashboard.',
    expect.stringMatching(/^CLERK_WEBHOOK_SIGNING_SECRET \(--clerk-webhook-signing-secret\) is missing\. /),
    expect.stringMatching(/^SALESFORCE_LOGIN_URL \(--salesforce-login-url\) is missing\. /),
    'SALESFORCE_CLIENT_ID (--salesforce-client-id) is missing. Consumer key of the External Client App.',
    'SALESFORCE_CLIENT_SECRET (--salesforce-client-secret) is missing, or SALESFORCE_USERNAME with SALESFORCE_PRIVATE_KEY or SALESFORCE_PRIVATE_KEY_FILE: one way to log in to Salesforce.',
  ])
})

test('a flag wins over the environment, the environment over .env, .env over the default', () => {
  const port = (sources: SettingSources) => read(['server'], sources).server.port
  expect(port({})).toBe(4800)
  writeFileSync(join(cwd, '.env'), 'PORT=1111 # ours\n')
  expect(port({})).toBe(1111)
  expect(port({ env: { PORT: '2222' } })).toBe(2222)
  expect(port({ env: { PORT: '2222' }, flags: { port: '3333' } })).toBe(3333)
})

test('an empty value counts as none', () => {
  writeFileSync(join(cwd, '.env'), 'PORT=1111\n')
  expect(read(['server'], { env: { PORT: ' ' }, flags: { port: '' } }).server.port).toBe(1111)
})

test('a folder by the name of .env, such as of a Python environment, is no .env file', () => {
  mkdirSync(join(cwd, '.env'))
  expect(read(['server'], {}).server.port).toBe(4800)
})

test.each<[string, string]>([
  ['CLERK_SECRET_KEY', 'pk_test_abc'],
  ['CLERK_API_URL', 'http://api.clerk.com'],
  ['CLERK_API_URL', 'https://api.clerk.com/v1'],
  ['CLERK_API_URL', 'api.clerk.com'],
  ['CLERK_REQUESTS_PER_10S', '0'],
  ['CLERK_WEBHOOK_SIGNING_SECRET', 'whsec_short'],
  ['CLERK_WEBHOOK_SIGNING_SECRET', `${SECRET} ${SECRET}`],
  ['CLERK_WEBHOOK_SIGNING_SECRET', ','],
  ['SALESFORCE_LOGIN_URL', 'http://example.my.salesforce.com'],
  ['SALESFORCE_LOGIN_URL', 'https://user:password@example.my.salesforce.com'],
  ['SALESFORCE_LOGIN_URL', 'https://login.salesforce.com'],
  ['SALESFORCE_API_VERSION', 'v66'],
  ['SALESFORCE_ALLOWANCE_SHARE', '80'],
  ['SALESFORCE_ALLOWANCE_SHARE', '0.0'],
  ['SALESFORCE_CONCURRENCY', '26'],
  ['SALESFORCE_EVENTS', 'cdc'],
  ['SALESFORCE_PUBSUB_ENDPOINT', 'api.pubsub.salesforce.com'],
  ['SALESFORCE_PUBSUB_ENDPOINT', 'http://api.pubsub.salesforce.com:7443'],
  ['SALESFORCE_PUBSUB_ENDPOINT', 'grpc://127.0.0.1:7443'],
  ['SALESFORCE_PUBSUB_ENDPOINT', 'user@api.pubsub.salesforce.com:443'],
  ['SALESFORCE_PUBSUB_ENDPOINT', 'api.pubsub.salesforce.com:7443/data'],
  ['SALESFORCE_EVENT_CHANNEL', '/data/Clerk_Sync__chn'],
  ['SALESFORCE_EVENT_CHANNEL', 'ContactChangeEvent'],
  ['SALESFORCE_POLL_SECONDS', '4'],
  ['DATABASE_URL', 'mysql://root:hunter2@db/clerk'],
  ['DATABASE_URL', 'postgres://user:hun#ter2@host:port:port/db'],
  ['PORT', '65536'],
  ['PORT', '4800a'],
  ['CLERKFORCE_HOST', 'http://0.0.0.0'],
  ['CLERKFORCE_ADMIN_TOKEN', 'fifteen-letters'],
  ['CLERKFORCE_CONFIG', 'nowhere.ts'],
  ['CLERKFORCE_HINT_DAYS', '-1'],
  ['CLERKFORCE_JOURNAL_DAYS', '1.5'],
  ['CLERKFORCE_LOG_LEVEL', 'loud'],
  ['SALESFORCE_PRIVATE_KEY_FILE', 'nowhere.pem'],
])('%s=%s is one line that names it, and never a secret', (env, value) => {
  const base: Record<string, string> =
    env === 'SALESFORCE_PRIVATE_KEY_FILE' ? { ...WITHOUT_LOGIN, SALESFORCE_USERNAME: 'sync@example.com' } : COMPLETE
  const faults = faultsOf({ ...base, [env]: value })
  expect(faults).toEqual([expect.stringMatching(new RegExp(`^${env} \\(--[a-z0-9-]+\\) `))])
  const row = Object.values(OPTIONS)
    .flatMap((group) => Object.values(group))
    .find((one) => one.env === env)
  if (row?.secret && value.length > 1) expect(faults[0]).not.toContain(value)
})

test('a malformed value is told with where it came from', () => {
  writeFileSync(join(cwd, '.env'), 'PORT=http\nCLERK_SECRET_KEY=pk_test_abc\n')
  const { CLERK_SECRET_KEY: _, ...env } = COMPLETE
  expect(faultsOf(env)).toEqual([
    'CLERK_SECRET_KEY (--clerk-secret-key) must be a secret key of Clerk, which starts with sk_test_ or sk_live_; the one from .env is not.',
    'PORT (--port) must be a whole number from 0 to 65535; .env has "http".',
  ])
  expect(faultsOf(COMPLETE, { port: 'ssh' })).toEqual([
    'PORT (--port) must be a whole number from 0 to 65535; the flag has "ssh".',
  ])
})

test('plain http is for emulators on this machine', () => {
  for (const origin of ['http://localhost:4801', 'http://127.0.0.1:4801', 'http://[::1]:4801']) {
    const env = { ...COMPLETE, CLERK_API_URL: `${origin}/`, SALESFORCE_LOGIN_URL: origin }
    expect(read(SERVE, { env })).toMatchObject({ clerk: { apiUrl: origin }, salesforce: { loginUrl: origin } })
  }
})

test('signing secrets are separated by commas, with or without spaces', () => {
  const env = { CLERK_WEBHOOK_SIGNING_SECRET: `${SECRET}, ${SECRET.replace('Mf', 'Nf')},` }
  expect(read(['webhook'], { env }).webhook.signingSecrets).toEqual([SECRET, SECRET.replace('Mf', 'Nf')])
})

test("half of Clerk's limit is ours unless told otherwise, and the key says which limit it is", () => {
  const perTenSeconds = (env: Record<string, string>) => read(['clerk'], { env }).clerk.requestsPer10s
  expect(perTenSeconds({ CLERK_SECRET_KEY: 'sk_test_1' })).toBe(50)
  expect(perTenSeconds({ CLERK_SECRET_KEY: 'sk_live_1' })).toBe(500)
  expect(perTenSeconds({ CLERK_SECRET_KEY: 'sk_live_1', CLERK_REQUESTS_PER_10S: '20' })).toBe(20)
})

test.each(['postgres://u:p@db.example.com:5432/clerkforce?sslmode=require', 'postgresql:///clerkforce', 'memory:'])(
  'a database at %s is taken as it stands',
  (url) => expect(read(['database'], { env: { DATABASE_URL: url } }).database.url).toBe(url),
)

test.each([
  ['api.deu.pubsub.salesforce.com:443', 'api.deu.pubsub.salesforce.com:443'],
  ['https://api.pubsub.salesforce.com:443/', 'https://api.pubsub.salesforce.com:443'],
  ['127.0.0.1:7443', '127.0.0.1:7443'],
  ['http://127.0.0.1:4804', 'http://127.0.0.1:4804'],
  ['http://[::1]:80', 'http://[::1]:80'],
])('change events may come from %s', (given, endpoint) => {
  const env = { ...COMPLETE, SALESFORCE_PUBSUB_ENDPOINT: given, SALESFORCE_EVENT_CHANNEL: 'ChangeEvents' }
  expect(read(['salesforce'], { env }).salesforce).toMatchObject({
    pubsubEndpoint: endpoint,
    eventChannel: 'ChangeEvents',
  })
})

test('a folder for the database is found from the working folder', () => {
  expect(read(['database'], { env: { DATABASE_URL: 'data/pg' } }).database.url).toBe(join(cwd, 'data/pg'))
  expect(read(['database'], { env: { DATABASE_URL: '/var/lib/cf' } }).database.url).toBe('/var/lib/cf')
})

test('the mapping is clerkforce.config.ts or .mts where there is one, or the file that is named', () => {
  writeFileSync(join(cwd, 'other.ts'), '')
  expect(read(['mapping'], { flags: { config: 'other.ts' } }).mapping.file).toBe(join(cwd, 'other.ts'))
  writeFileSync(join(cwd, 'clerkforce.config.mts'), '')
  expect(read(['mapping'], {}).mapping.file).toBe(join(cwd, 'clerkforce.config.mts'))
  writeFileSync(join(cwd, 'clerkforce.config.ts'), '')
  expect(read(['mapping'], {}).mapping.file).toBe(join(cwd, 'clerkforce.config.ts'))
})

test('a private key may have its line ends written out, or be in a file', () => {
  const auth = (env: Record<string, string>) => read(['salesforce'], { env }).salesforce.auth
  const expected = { kind: 'jwt-bearer', clientId: 'client', username: 'sync@example.com', privateKey: PEM.trim() }
  expect(auth(BEARER)).toEqual(expected)
  expect(auth({ ...BEARER, SALESFORCE_PRIVATE_KEY: PEM.replaceAll('\n', '\\n') })).toMatchObject({ kind: 'jwt-bearer' })
  writeFileSync(join(cwd, 'key.pem'), PEM)
  const { SALESFORCE_PRIVATE_KEY: _, ...env } = BEARER
  expect(auth({ ...env, SALESFORCE_PRIVATE_KEY_FILE: 'key.pem' })).toEqual({ ...expected, privateKey: PEM })
  expect(auth({ ...BEARER, SALESFORCE_AUDIENCE: 'https://test.salesforce.com' })).toEqual({
    ...expected,
    audience: 'https://test.salesforce.com',
  })
})

test('the private key may stand in .env, over several lines or in one', () => {
  const { SALESFORCE_PRIVATE_KEY: _, ...env } = BEARER
  for (const line of [PEM, PEM.replaceAll('\n', '\\n')]) {
    writeFileSync(join(cwd, '.env'), `SALESFORCE_PRIVATE_KEY="${line}"\n`)
    expect(read(['salesforce'], { env }).salesforce.auth).toMatchObject({ kind: 'jwt-bearer' })
  }
})

test('exactly one way to log in to Salesforce, and the whole of it', () => {
  const { SALESFORCE_USERNAME: _, ...nameless } = BEARER
  const { SALESFORCE_PRIVATE_KEY: __, ...keyless } = BEARER
  expect(faultsOf({ ...BEARER, SALESFORCE_CLIENT_SECRET: 'x' })).toEqual([
    'SALESFORCE_CLIENT_SECRET (--salesforce-client-secret) is set, and so is SALESFORCE_USERNAME (--salesforce-username): keep one way to log in to Salesforce, client credentials or JWT bearer.',
  ])
  expect(faultsOf(nameless)).toEqual([
    'SALESFORCE_USERNAME (--salesforce-username) is missing: the private key logs in as a user.',
  ])
  expect(faultsOf(keyless)).toEqual([
    'SALESFORCE_PRIVATE_KEY (--salesforce-private-key), or SALESFORCE_PRIVATE_KEY_FILE (--salesforce-private-key-file), is missing: SALESFORCE_USERNAME logs in with a private key.',
  ])
  expect(faultsOf({ ...BEARER, SALESFORCE_PRIVATE_KEY_FILE: 'key.pem' })).toEqual([
    'SALESFORCE_PRIVATE_KEY (--salesforce-private-key) is set, and so is SALESFORCE_PRIVATE_KEY_FILE (--salesforce-private-key-file): keep one of them.',
  ])
})

test('a private key that is none, or not RSA, is refused without being shown', () => {
  const { privateKey: elliptic } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  for (const key of ['MIIEvQ', elliptic, PEM.slice(0, 200)]) {
    expect(faultsOf({ ...BEARER, SALESFORCE_PRIVATE_KEY: key })).toEqual([
      'SALESFORCE_PRIVATE_KEY (--salesforce-private-key) must be an RSA private key as a PEM, without a passphrase.',
    ])
  }
})

test('every option has a name, a flag and an attribute of its own, and commander reads it', () => {
  const options = listOptions(SETTING_GROUPS)
  expect(new Set(options.map((one) => one.env)).size).toBe(options.length)
  const command = new Command()
  for (const option of options) command.option(option.flag, helpText(option))
  const flag = (name: string) => name.replace(/ .*/, '')
  const arguments_ = options.flatMap((option) => [flag(option.flag), '?'])
  const given = command.parse(arguments_, { from: 'user' }).opts()
  expect(Object.keys(given)).toHaveLength(options.length)
  const wanting = options.filter((one) => !FREE_TEXT.includes(one.env))
  // Each malformed flag is found by its option, so that no flag is read by another name than commander's.
  const faults = () => read(SETTING_GROUPS, { flags: given })
  for (const option of wanting) expect(faults).toThrow(`${option.env} (${flag(option.flag)})`)
})
const FREE_TEXT = [
  'SALESFORCE_CLIENT_ID',
  'SALESFORCE_USERNAME',
  'SALESFORCE_PRIVATE_KEY',
  'SALESFORCE_PRIVATE_KEY_FILE',
  'DATABASE_URL',
  'CLERKFORCE_SANDBOX_STATE',
]

test('the help of an option says its variable and its default', () => {
  expect(listOptions(['server', 'mapping']).map(helpText)).toMatchInlineSnapshot(`
    [
      "Address to listen on. All of them by default, as containers need; 127.0.0.1 is for behind a proxy on the same machine. (env: CLERKFORCE_HOST; default: 0.0.0.0)",
      "Port to listen on; 0 takes any that is free. (env: PORT; default: 4800)",
      "Bearer token for everything but the webhook route and the health checks, at least 16 characters. Without it those routes are closed. (env: CLERKFORCE_ADMIN_TOKEN)",
      "File with the mapping and the policies. (env: CLERKFORCE_CONFIG; default: clerkforce.config.ts or clerkforce.config.mts in the working folder, if there is one)",
      "What serve does about records that a changed mapping concerns. ask: it says what has changed, and waits for clerkforce resync; auto: it writes them anew at once. (env: CLERKFORCE_RESYNC; default: ask)",
    ]
  `)
})

test('docs/config.md is what the table of options makes of it (npm run docs)', () => {
  expect(readFileSync(new URL('../docs/config.md', import.meta.url), 'utf8')).toBe(renderConfigDocs())
})
