import type { Clock } from '../kit/clock.ts'
import { createFaults, type FaultList } from '../kit/faults.ts'
import { type Random, seededRandom } from '../kit/random.ts'
import type { Part } from '../kit/snapshot.ts'
import { type BulkJobs, createBulkJobs } from './bulk/jobs.ts'
import { type Commits, createCommits } from './commits.ts'
import { createDeleteLog, type DeleteLog } from './delete-log.ts'
import { createDeployRequests, type DeployRequests } from './deploy/requests.ts'
import type { DuplicateRule } from './duplicate-rules.ts'
import { makeId } from './ids.ts'
import { createLocks, type Locks } from './locks.ts'
import { createLiveMetadata, type LiveMetadata, surroundingsOf } from './metadata/live.ts'
import type { EventChannel } from './metadata/model.ts'
import { type ObjectOption, objectsByOption } from './metadata/objects-option.ts'
import { projectMetadata, readProject, withoutObject } from './metadata/project.ts'
import { accessOf, buildSchema, type CustomFieldOption, type SchemaOptions } from './org-schema.ts'
import type { Automation } from './records/automations.ts'
import { addRecordTypeRows, type RecordType } from './records/record-types.ts'
import { createRecordFaults, type RecordFaults, type ValidationRule } from './rules.ts'
import type { Schema } from './schema.ts'
import { type Cursors, createCursors } from './soql/cursors.ts'
import { createRecent, type Recent } from './soql/recent.ts'
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
  /** How long a deploy takes. */
  deployMs: number
  /** Data storage of the org in MB; 0: without end. A Developer Edition has 5. */
  storageLimitMb: number
  /** How many calls may run for 20 s or longer at a time: 5 in a Developer Edition, 25 in production. */
  longCalls: number
  /** The username-password flow, which Salesforce blocks unless an admin allows it. */
  passwordFlow: boolean
  /** Each use of a refresh token gives a new one and ends the old. */
  refreshTokenRotation: boolean
  /** How long a bulk job waits before it is worked on. */
  bulkQueueMs: number
  /** How long 10,000 rows of a bulk job take; less for fewer. */
  bulkBatchMs: number
  /** The largest upload of Bulk API 2.0. */
  bulkUploadBytes: number
  /** The most rows in one part of the result of a query job. */
  bulkQueryPage: number
}

export type OrgOptions = Partial<Settings> & {
  clock: Clock
  random?: Random
  /** Folder of a Salesforce DX project: custom fields and permissions come from there. False: neither. */
  sfdx: string | false
  contactsToMultipleAccounts?: boolean
  /** Custom objects that the admin made, open to the user. */
  objects?: readonly ObjectOption[]
  customFields?: readonly CustomFieldOption[]
  /** What the integration user may do besides what its permission sets say. */
  userPermissions?: readonly string[]
  /** Permission sets that are deployed are assigned to the integration user at once. */
  assignDeployed?: boolean
  /** How many objects can be selected for change events. */
  maxCaptured?: number
  requiredFields?: readonly string[]
  duplicateRules?: readonly DuplicateRule[]
  validationRules?: readonly ValidationRule[]
  /** Flows and triggers of the customer. */
  automations?: readonly Automation[]
  recordTypes?: readonly RecordType[]
  /** Accounts may be people: each with a Contact of its own behind it. */
  personAccounts?: boolean
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
  /** The Automated Process user, which asynchronous automations run as. */
  automationId: string
  /** As the integration user sees it; a deploy and an assignment put another in its place. */
  readonly schema: Schema
  /** Custom objects and fields, permission sets, channels. */
  metadata: LiveMetadata
  deploys: DeployRequests
  /** Channels of change events, the standard one first, with what is selected on them. */
  readonly channels: readonly EventChannel[]
  store: Store
  /** What was committed, with its author. */
  commits: Commits
  settings: Settings
  locks: Locks
  /** Jobs of Bulk API. */
  bulk: BulkJobs
  /** Calls under way, with the clock's time of their beginning. */
  running: Set<{ since: number }>
  faults: FaultList
  recordFaults: RecordFaults
  duplicateRules: DuplicateRule[]
  validationRules: ValidationRule[]
  automations: Automation[]
  usage: Usage
  cursors: Cursors
  /** How far back getDeleted can tell. */
  deleteLog: DeleteLog
  /** What the integration user looked at last. */
  recent: Recent
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
  deployMs: 0,
  storageLimitMb: 0,
  longCalls: 5,
  passwordFlow: false,
  refreshTokenRotation: true,
  bulkQueueMs: 0,
  bulkBatchMs: 0,
  bulkUploadBytes: 100_000_000,
  bulkQueryPage: 50_000,
}

const orgName = 'Clerkforce Sandbox'

const addSetupRecords = (org: Org): void => {
  const { store } = org
  const person = (id: string, name: string, username: string) =>
    store.put('User', { Id: id, Name: name, Username: username, Email: username, IsActive: true })
  person(org.userId, 'Integration User', 'integration@example.com')
  person(org.personId, 'Org Admin', 'admin@example.com')
  person(org.automationId, 'Automated Process', 'autoproc@example.com')
  addRecordTypeRows(org)
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

/** What its developers may do in an org; a real integration user may do none of it unless a set says so. */
const developer = ['ModifyMetadata', 'AssignPermissionSets', 'ViewSetup']

const metadataOf = (options: OrgOptions) => {
  const { metadata: fromOptions, fields } = objectsByOption(options.objects ?? [])
  const schemaOptions: SchemaOptions = {
    profile: options.sfdx === false ? 'administrator' : 'minimum',
    userPermissions: options.userPermissions ?? developer,
    contactsToMultipleAccounts: options.contactsToMultipleAccounts ?? true,
    customFields: [...fields, ...(options.customFields ?? [])],
    openObjects: new Set(Object.keys(fromOptions.objects)),
    requiredFields: options.requiredFields ?? [],
    recordTypes: options.recordTypes ?? [],
    personAccounts: options.personAccounts ?? false,
  }
  const bare = buildSchema(schemaOptions, fromOptions, accessOf(schemaOptions, []))
  const maxCaptured = options.maxCaptured ?? 5
  const atStart = surroundingsOf(bare, { maxCaptured, valuesOf: () => [] })
  const project = options.sfdx === false ? [] : readProject(options.sfdx)
  const known = schemaOptions.contactsToMultipleAccounts ? project : withoutObject(project, 'AccountContactRelation')
  return { schemaOptions, bare, maxCaptured, start: projectMetadata(known, atStart, fromOptions) }
}

/** A new org. */
export const createOrg = (options: OrgOptions): Org => {
  const { clock } = options
  const settings = settingsOf(options)
  const { schemaOptions, bare, start, maxCaptured } = metadataOf(options)
  const store = createStore(bare.objects, clock.now, () => settings.lateVisibilityMs)
  const userId = makeId('005', 1)
  const commits = createCommits(clock.now, { userId, origin: '' })
  store.onCommit(commits.took)
  const metadata = createLiveMetadata({ store, commits, userId, now: clock.now }, schemaOptions, {
    start,
    assignDeployed: options.assignDeployed ?? false,
    around: surroundingsOf(bare, {
      maxCaptured,
      *valuesOf(object, field) {
        for (const id of store.ids(object)) {
          const value = store.get(object, id)?.[field] ?? null
          if (value !== null) yield value
        }
      },
    }),
  })
  const deleteLog = createDeleteLog()
  const deploys = createDeployRequests({ clock, settings, store, metadata, userId })
  const org: Org = {
    clock,
    random: options.random ?? seededRandom(),
    orgId: makeId('00D', 1),
    userId,
    personId: makeId('005', 2),
    automationId: makeId('005', 3),
    get schema() {
      return metadata.schema()
    },
    metadata,
    deploys,
    get channels() {
      return metadata.channels()
    },
    store,
    commits,
    settings,
    running: new Set(),
    locks: createLocks(clock, () => settings.lockWaitMs),
    bulk: createBulkJobs(clock.now),
    faults: createFaults(clock.now),
    recordFaults: createRecordFaults(clock.now),
    duplicateRules: [...(options.duplicateRules ?? [])],
    validationRules: [...(options.validationRules ?? [])],
    automations: [...(options.automations ?? [])],
    usage: createUsage(clock.now, options.apiLimit ?? 15_000),
    cursors: createCursors(clock.now),
    deleteLog,
    recent: createRecent(),
    stats: { calls: {}, subrequests: {}, records: {} },
    parts: new Map<string, Part>([
      ['metadata', metadata],
      ['deploys', deploys],
      ['deleteLog', deleteLog.part],
      // Who has which permission set stands in records, which a snapshot loads after the metadata.
      ['permissions', { save: () => ({}), load: metadata.refresh, clear: metadata.refresh }],
    ]),
    reset: () => {
      store.clear()
      addSetupRecords(org)
      org.faults.clear()
      org.recordFaults.clear()
      org.cursors.clear()
      org.recent.clear()
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
