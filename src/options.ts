import { z } from 'zod'

/*
 * Every option of clerkforce, once: the name of its environment variable, its flag, its default, its check and its description. `--help`,
 * the error texts and docs/config.md (`npm run docs`) are made from this table, so that they cannot disagree. How values are found and what
 * happens when one is wrong is in config.ts.
 *
 * To add one: give it a type in `OptionValues`, a row in `OPTIONS`, and run `npm run docs`. An option belongs to the group of the commands
 * that read it together.
 */

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

const CHANGE_SOURCES = ['auto', 'stream', 'poll', 'off'] as const

/** How changes in Salesforce are learnt of. */
export type ChangeSource = (typeof CHANGE_SOURCES)[number]

/** What each option gives by itself, by group; undefined is an option that may be left out. */
export type OptionValues = {
  clerk: { secretKey: string; apiUrl: string; requestsPer10s: number | undefined }
  webhook: { signingSecrets: readonly string[] }
  salesforce: {
    loginUrl: string
    clientId: string
    clientSecret: string | undefined
    username: string | undefined
    privateKey: string | undefined
    privateKeyFile: string | undefined
    audience: string | undefined
    apiVersion: string
    allowanceShare: number
    concurrency: number
    events: ChangeSource
    pubsubEndpoint: string
    eventChannel: string
    pollSeconds: number
  }
  database: { url: string }
  server: { host: string; port: number; adminToken: string | undefined }
  mapping: { file: string | undefined; resync: 'ask' | 'auto' }
  retention: { hintDays: number; journalDays: number }
  reconcile: {
    at: string | undefined
    deletionsShare: number
    deletionsNumber: number
    budget: number
  }
  log: { level: LogLevel }
  sandbox: { portBase: number; seed: number; webhookUrl: string | undefined; state: string | undefined }
}

export type SettingGroup = keyof OptionValues

export type OptionRow<T = unknown> = {
  env: string
  flag: `--${string} <${string}>`
  /** One sentence or two, for --help and the reference. */
  description: string
  /** The text that stands in for a missing value. */
  default?: string
  /** What is said in place of a default where it depends on something else. */
  defaultNote?: string
  required?: true
  /** Never repeated in an error. */
  secret?: true
  /** Takes the trimmed text. Its message says what the value must be, beginning with "must". */
  schema: z.ZodType<T, string>
}

export type OptionTable = {
  [G in SettingGroup]: { [K in keyof OptionValues[G]]-?: OptionRow<Exclude<OptionValues[G][K], undefined>> }
}

const wholeNumber = (from: number, to: number): z.ZodType<number, string> => {
  const rule = `must be a whole number from ${from} to ${to}`
  return z
    .string()
    .regex(/^\d{1,9}$/, rule)
    .transform(Number)
    .refine((value) => value >= from && value <= to, rule)
}

const isLocal = (url: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)

/** http:// is for emulators alone: anywhere else it would send keys and people's data in the clear. */
const address = (example: string): z.ZodType<string, string> =>
  z
    .string()
    .refine((text) => {
      const url = URL.parse(text)
      if (url === null || url.username || url.password || url.search || url.hash) return false
      return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal(url))
    }, `must be an https:// address such as ${example} (http:// only for localhost)`)
    .transform((text) => text.replace(/\/+$/, ''))

/** An address for gRPC: a host and a port, of which TLS is taken for granted. Without TLS only on this machine, as above. */
const grpcEndpoint: z.ZodType<string, string> = z
  .string()
  .transform((text) => text.replace(/\/+$/, ''))
  .refine((text) => {
    const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`)
    // The port that a scheme has by default is not kept in `port`, but it has to be written.
    if (url === null || url.username || url.pathname !== '/' || url.search || url.hash || !/:\d+$/.test(text))
      return false
    return url.protocol === 'https:' || isLocal(url)
  }, 'must be a host and a port such as api.pubsub.salesforce.com:7443 (http://host:port only for localhost)')

export const OPTIONS: OptionTable = {
  clerk: {
    secretKey: {
      env: 'CLERK_SECRET_KEY',
      flag: '--clerk-secret-key <key>',
      description: 'Secret key of the Clerk instance, from API keys in the dashboard.',
      required: true,
      secret: true,
      schema: z
        .string()
        .regex(/^sk_(test|live)_\S+$/, 'must be a secret key of Clerk, which starts with sk_test_ or sk_live_'),
    },
    apiUrl: {
      env: 'CLERK_API_URL',
      flag: '--clerk-api-url <url>',
      description: "Address of Clerk's Backend API, without /v1.",
      default: 'https://api.clerk.com',
      schema: address('https://api.clerk.com').refine(
        (url) => !/\/v\d+$/.test(url),
        'must be given without /v1 at its end',
      ),
    },
    requestsPer10s: {
      env: 'CLERK_REQUESTS_PER_10S',
      flag: '--clerk-requests-per-10s <number>',
      description:
        "Most requests that one process makes to Clerk's API in any 10 seconds. Clerk limits the whole instance, your application included: to 100 in development and to 1,000 in production.",
      defaultNote: 'half of what Clerk allows: 50 with an sk_test_ key, 500 with an sk_live_ key',
      schema: wholeNumber(1, 1000),
    },
  },
  webhook: {
    signingSecrets: {
      env: 'CLERK_WEBHOOK_SIGNING_SECRET',
      flag: '--clerk-webhook-signing-secret <secrets>',
      description:
        'Signing secret of the webhook endpoint in the Clerk dashboard. Several, separated by commas, while a secret is being rotated.',
      required: true,
      secret: true,
      schema: z
        .string()
        .transform((text) => text.split(',').flatMap((secret) => secret.trim() || []))
        .refine(
          (secrets) =>
            secrets.length > 0 && secrets.every((secret) => /^(whsec_)?[A-Za-z0-9+/]{22,}={0,2}$/.test(secret)),
          'must be one or more secrets as Clerk shows them, whsec_ followed by base64, separated by commas',
        ),
    },
  },
  salesforce: {
    loginUrl: {
      env: 'SALESFORCE_LOGIN_URL',
      flag: '--salesforce-login-url <url>',
      description:
        'Address to log in at: the My Domain of the org, such as https://example.my.salesforce.com. Client credentials work nowhere else.',
      required: true,
      schema: address('https://example.my.salesforce.com'),
    },
    clientId: {
      env: 'SALESFORCE_CLIENT_ID',
      flag: '--salesforce-client-id <id>',
      description: 'Consumer key of the External Client App.',
      required: true,
      schema: z.string(),
    },
    clientSecret: {
      env: 'SALESFORCE_CLIENT_SECRET',
      flag: '--salesforce-client-secret <secret>',
      description: 'Consumer secret, for the client credentials flow.',
      secret: true,
      schema: z.string(),
    },
    username: {
      env: 'SALESFORCE_USERNAME',
      flag: '--salesforce-username <name>',
      description: 'User to act as, for the JWT bearer flow.',
      schema: z.string(),
    },
    privateKey: {
      env: 'SALESFORCE_PRIVATE_KEY',
      flag: '--salesforce-private-key <pem>',
      description: 'Private RSA key of the JWT bearer flow, as a PEM; its line ends may be written as \\n.',
      secret: true,
      schema: z.string().transform((text) => text.replaceAll('\\n', '\n')),
    },
    privateKeyFile: {
      env: 'SALESFORCE_PRIVATE_KEY_FILE',
      flag: '--salesforce-private-key-file <path>',
      description: 'File that holds that key.',
      schema: z.string(),
    },
    audience: {
      env: 'SALESFORCE_AUDIENCE',
      flag: '--salesforce-audience <url>',
      description: 'Audience of the JWT.',
      defaultNote:
        'follows from the login URL: https://login.salesforce.com, or https://test.salesforce.com for a sandbox',
      schema: address('https://login.salesforce.com'),
    },
    apiVersion: {
      env: 'SALESFORCE_API_VERSION',
      flag: '--salesforce-api-version <version>',
      description: "Version of Salesforce's REST API.",
      default: '66.0',
      schema: z.string().regex(/^\d{2,3}\.0$/, 'must be a version such as 66.0'),
    },
    allowanceShare: {
      env: 'SALESFORCE_ALLOWANCE_SHARE',
      flag: '--salesforce-allowance-share <share>',
      description:
        "Share of the org's API calls of a day after which clerkforce pauses, whoever made them, so that your other integrations go on.",
      default: '0.8',
      schema: z
        .string()
        .regex(/^(0?\.\d+|1|1\.0+|0\.\d+)$/, 'must be a number above 0 and at most 1, such as 0.8')
        .transform(Number)
        .refine((share) => share > 0, 'must be a number above 0 and at most 1, such as 0.8'),
    },
    concurrency: {
      env: 'SALESFORCE_CONCURRENCY',
      flag: '--salesforce-concurrency <number>',
      description: 'Most requests of one process that Salesforce works on at the same time.',
      default: '5',
      schema: wholeNumber(1, 25),
    },
    events: {
      env: 'SALESFORCE_EVENTS',
      flag: '--salesforce-events <source>',
      description:
        'How changes in Salesforce are learnt of. stream: change events over the Pub/Sub API; poll: by asking again and again; off: not at all; auto: change events where the org grants them, asking otherwise.',
      default: 'auto',
      schema: z.enum(CHANGE_SOURCES, `must be one of ${CHANGE_SOURCES.join(', ')}`),
    },
    pubsubEndpoint: {
      env: 'SALESFORCE_PUBSUB_ENDPOINT',
      flag: '--salesforce-pubsub-endpoint <address>',
      description:
        "Host and port of Salesforce's Pub/Sub API. api.deu.pubsub.salesforce.com:7443 keeps the processing in the EU; http://127.0.0.1:<port> is for an emulator.",
      default: 'api.pubsub.salesforce.com:7443',
      schema: grpcEndpoint,
    },
    eventChannel: {
      env: 'SALESFORCE_EVENT_CHANNEL',
      flag: '--salesforce-event-channel <name>',
      description:
        'Channel of the change events: the one that sfdx/ ships, another of yours, or ChangeEvents, which every org has.',
      default: 'Clerk_Sync__chn',
      schema: z
        .string()
        .regex(
          /^(ChangeEvents|[A-Za-z]\w*__chn)$/,
          'must be ChangeEvents or the name of a channel that ends in __chn, without /data/',
        ),
    },
    pollSeconds: {
      env: 'SALESFORCE_POLL_SECONDS',
      flag: '--salesforce-poll-seconds <seconds>',
      description:
        "Time between two askings where there are no change events. Each costs a few of the org's API calls of the day.",
      default: '60',
      schema: wholeNumber(5, 3600),
    },
  },
  database: {
    url: {
      env: 'DATABASE_URL',
      flag: '--database-url <url>',
      description:
        'postgres://… for a PostgreSQL server (any number of processes, safe in a power cut); or a folder for the embedded PGlite (one process, survives its crash but not a power cut); or memory: for a PGlite that is gone with its process.',
      default: '.clerkforce/',
      // It may contain a password.
      secret: true,
      schema: z
        .string()
        .refine(
          (text) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)),
          'must be postgres://user:password@host:port/name, or a folder, or memory:',
        ),
    },
  },
  server: {
    host: {
      env: 'CLERKFORCE_HOST',
      flag: '--host <address>',
      description:
        'Address to listen on. All of them by default, as containers need; 127.0.0.1 is for behind a proxy on the same machine.',
      default: '0.0.0.0',
      schema: z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name or an IP address'),
    },
    port: {
      env: 'PORT',
      flag: '--port <number>',
      description: 'Port to listen on; 0 takes any that is free.',
      default: '4800',
      schema: wholeNumber(0, 65_535),
    },
    adminToken: {
      env: 'CLERKFORCE_ADMIN_TOKEN',
      flag: '--admin-token <token>',
      description:
        'Bearer token for everything but the webhook route and the health checks, at least 16 characters. Without it those routes are closed.',
      secret: true,
      schema: z.string().regex(/^[\x21-\x7e]{16,}$/, 'must have at least 16 characters, without spaces'),
    },
  },
  mapping: {
    file: {
      env: 'CLERKFORCE_CONFIG',
      flag: '--config <path>',
      description: 'File with the mapping and the policies.',
      defaultNote: 'clerkforce.config.ts or clerkforce.config.mts in the working folder, if there is one',
      schema: z.string(),
    },
    resync: {
      env: 'CLERKFORCE_RESYNC',
      flag: '--resync <when>',
      description:
        'What serve does about records that a changed mapping concerns. ask: it says what has changed, and waits for clerkforce resync; auto: it writes them anew at once.',
      default: 'ask',
      schema: z.enum(['ask', 'auto'], 'must be one of ask, auto'),
    },
  },
  retention: {
    hintDays: {
      env: 'CLERKFORCE_HINT_DAYS',
      flag: '--hint-days <days>',
      description: 'Days for which the bodies of webhooks are kept. They hold personal data.',
      default: '30',
      schema: wholeNumber(1, 3650),
    },
    journalDays: {
      env: 'CLERKFORCE_JOURNAL_DAYS',
      flag: '--journal-days <days>',
      description: 'Days for which the journal of changes is kept, values before and after included.',
      default: '365',
      schema: wholeNumber(1, 3650),
    },
  },
  reconcile: {
    at: {
      env: 'CLERKFORCE_RECONCILE_AT',
      flag: '--reconcile-at <time>',
      description:
        'When to reconcile each night while serving, in the time zone of the process, and besides after a side was away for long; off: only when a person says so. It begins after the first backfill.',
      default: '03:30',
      schema: z
        .string()
        .regex(/^(off|([01]\d|2[0-3]):[0-5]\d)$/, 'must be a time such as 03:30, or off')
        .transform((text) => (text === 'off' ? '' : text)),
    },
    deletionsShare: {
      env: 'CLERKFORCE_DELETIONS_SHARE',
      flag: '--deletions-share <share>',
      description:
        "Share of Clerk's users, organizations or memberships, rounded up to a whole record, of which a reconcile believes by itself that they are gone; with more it stops and asks. 0: it always asks.",
      default: '0.05',
      schema: z
        .string()
        .regex(/^(0|1|0?\.\d+)$/, 'must be a number from 0 to 1, such as 0.05')
        .transform(Number),
    },
    deletionsNumber: {
      env: 'CLERKFORCE_DELETIONS_NUMBER',
      flag: '--deletions-number <number>',
      description: 'Likewise the number of them; both limits hold.',
      default: '50',
      schema: wholeNumber(0, 100_000_000),
    },
    budget: {
      env: 'CLERKFORCE_RECONCILE_BUDGET',
      flag: '--reconcile-budget <number>',
      description: 'Most records that one reconcile has repaired. The next one goes on.',
      default: '10000',
      schema: wholeNumber(1, 100_000_000),
    },
  },
  log: {
    level: {
      env: 'CLERKFORCE_LOG_LEVEL',
      flag: '--log-level <level>',
      description: 'fatal, error, warn, info, debug, trace or silent.',
      default: 'info',
      schema: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
    },
  },
  sandbox: {
    portBase: {
      env: 'CLERKFORCE_SANDBOX_PORT_BASE',
      flag: '--port-base <number>',
      description:
        "Clerk listens on the port after this one, Salesforce on the next, Salesforce's Pub/Sub API on the two after that (with and without TLS).",
      default: '4800',
      schema: wholeNumber(1, 65_500),
    },
    seed: {
      env: 'CLERKFORCE_SANDBOX_SEED',
      flag: '--seed <number>',
      description: 'Seed of everything random: the same seed gives the same ids, secrets and disorder at every start.',
      defaultNote: 'secrets are the same at every start, ids are not',
      schema: wholeNumber(0, 999_999_999),
    },
    webhookUrl: {
      env: 'CLERKFORCE_SANDBOX_WEBHOOK_URL',
      flag: '--webhook-url <url>',
      description: "Where Clerk's signed webhooks are sent.",
      defaultNote: 'they are sent nowhere',
      schema: z
        .string()
        .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must be an http:// or https:// address'),
    },
    state: {
      env: 'CLERKFORCE_SANDBOX_STATE',
      flag: '--state <folder>',
      description: 'Folder that keeps what both hold: read at the start, written at the end.',
      defaultNote: 'everything is gone at the end',
      schema: z.string().min(1, 'must be a folder'),
    },
  },
}
