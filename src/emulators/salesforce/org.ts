import type { Clock } from '../kit/clock.ts'
import { createFaults, type FaultList } from '../kit/faults.ts'
import { type Random, seededRandom } from '../kit/random.ts'
import type { Part } from '../kit/snapshot.ts'
import { type Commits, createCommits } from './commits.ts'
import { makeId } from './ids.ts'
import { createLocks, type Locks } from './locks.ts'
import { readMetadata } from './metadata.ts'
import { buildSchema, type SchemaOptions } from './org-schema.ts'
import { createRecordFaults, type DuplicateRule, type RecordFaults, type ValidationRule } from './rules.ts'
import type { Schema } from './schema.ts'
import type { Cursors } from './soql/cursors.ts'
import { createCursors } from './soql/cursors.ts'
import { createStore, type Store } from './store.ts'
import { createUsage, type Usage } from './usage.ts'

/** Settings that a test may change while the emulator runs. */
export type Settings = {
  /** How long each API request takes. */
  latencyMs: number
  /** How long a write waits for a row lock. */
  lockWaitMs: number
  /** Queries do not see writes younger than this. */
  lateVisibilityMs: number
  /** When the primary Account of a Contact changes, its old relationship stays as an indirect one. */
  keepOldRelation: boolean
  /** Deleting an Account takes its Contacts along, or is refused while it has any: a setting of the org. */
  accountDelete: 'cascade' | 'block'
  /** A direct relationship may be made inactive; no source tells whether Salesforce lets it. */
  inactiveDirect: 'allow' | 'refuse'
  /** Upsert by external id is accepted as a Collection inside Composite. */
  compositeUpsertCollections: boolean
  /** How long an access token lives. */
  tokenLifetimeMs: number
  /** The largest page of a query; Salesforce's is 2,000. */
  maxBatchSize: number
}

export type OrgOptions = Partial<Settings> & {
  clock: Clock
  random?: Random
  /** Folder of a Salesforce DX project: custom fields and permissions come from there. False: neither. */
  sfdx: string | false
  contactsToMultipleAccounts?: boolean
  customFields?: SchemaOptions['customFields']
  requiredFields?: readonly string[]
  duplicateRules?: readonly DuplicateRule[]
  validationRules?: readonly ValidationRule[]
  /** API calls in 24 hours. */
  apiLimit?: number
}

/** Calls by kind, for tests that count them. */
export type Stats = {
  /** API calls as the allowance counts them: a Composite is one. */
  calls: Record<string, number>
  /** What ran inside Composites. */
  subrequests: Record<string, number>
  /** Saved records, such as `Contact.created`, and failures, such as `Contact.failed`. */
  records: Record<string, number>
}

/** One Salesforce org: everything that a request needs to know. */
export type Org = {
  clock: Clock
  random: Random
  orgId: string
  userId: string
  /** The person who works in the user interface: the control API's edits are theirs. */
  personId: string
  schema: Schema
  store: Store
  /** What was committed, with its author. */
  commits: Commits
  settings: Settings
  locks: Locks
  faults: FaultList
  recordFaults: RecordFaults
  duplicateRules: DuplicateRule[]
  validationRules: ValidationRule[]
  usage: Usage
  cursors: Cursors
  stats: Stats
  /** What else holds state and belongs to a snapshot, by name: bulk jobs, events, deployed metadata. */
  parts: Map<string, Part>
  /** Empties the org: records, faults, counts. Settings and rules stay. */
  reset: () => void
}

const defaults: Settings = {
  latencyMs: 0,
  lockWaitMs: 10_000,
  lateVisibilityMs: 0,
  keepOldRelation: true,
  accountDelete: 'cascade',
  inactiveDirect: 'allow',
  compositeUpsertCollections: true,
  tokenLifetimeMs: 7_200_000,
  maxBatchSize: 2_000,
}

const orgName = 'Clerkforce Sandbox'

const addSetupRecords = (org: Org): void => {
  const { store } = org
  const person = (id: string, name: string, username: string) =>
    store.put('User', { Id: id, Name: name, Username: username, Email: username, IsActive: true })
  person(org.userId, 'Integration User', 'integration@example.com')
  person(org.personId, 'Org Admin', 'admin@example.com')
  store.put('Organization', {
    Id: org.orgId,
    Name: orgName,
    OrganizationType: 'Developer Edition',
    InstanceName: 'EMU1',
    IsSandbox: false,
  })
}

const settingsOf = (options: OrgOptions): Settings => {
  const settings = { ...defaults }
  for (const key of Object.keys(defaults) as (keyof Settings)[])
    if (options[key] !== undefined) Object.assign(settings, { [key]: options[key] })
  return settings
}

/** A new org. */
export const createOrg = (options: OrgOptions): Org => {
  const { clock } = options
  const settings = settingsOf(options)
  const schema = buildSchema({
    metadata: options.sfdx === false ? undefined : readMetadata(options.sfdx),
    contactsToMultipleAccounts: options.contactsToMultipleAccounts ?? true,
    customFields: options.customFields ?? [],
    requiredFields: options.requiredFields ?? [],
  })
  const store = createStore(schema.objects, clock.now, () => settings.lateVisibilityMs)
  const userId = makeId('005', 1)
  const commits = createCommits(clock.now, { userId, origin: '' })
  store.onCommit(commits.took)
  const org: Org = {
    clock,
    random: options.random ?? seededRandom(),
    orgId: makeId('00D', 1),
    userId,
    personId: makeId('005', 2),
    schema,
    store,
    commits,
    settings,
    locks: createLocks(clock, () => settings.lockWaitMs),
    faults: createFaults(clock.now),
    recordFaults: createRecordFaults(clock.now),
    duplicateRules: [...(options.duplicateRules ?? [])],
    validationRules: [...(options.validationRules ?? [])],
    usage: createUsage(clock.now, options.apiLimit ?? 15_000),
    cursors: createCursors(clock.now),
    stats: { calls: {}, subrequests: {}, records: {} },
    parts: new Map(),
    reset: () => {
      store.clear()
      addSetupRecords(org)
      org.faults.clear()
      org.recordFaults.clear()
      org.cursors.clear()
      org.usage.set({ used: 0 })
      org.stats.calls = {}
      org.stats.subrequests = {}
      org.stats.records = {}
      for (const part of org.parts.values()) part.clear()
    },
  }
  addSetupRecords(org)
  return org
}

/** Adds one to a count. */
export const tally = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1
}
