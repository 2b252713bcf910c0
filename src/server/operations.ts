import type { ClerkClient } from '../clerk/client.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { SalesforceApi, Usage } from '../salesforce/api.ts'
import type { Engine } from '../sync/engine.ts'
import { explain } from '../sync/explain/explain.ts'
import type { Explanation } from '../sync/explain/explanation.ts'
import {
  type CreatedOrganization,
  createOrganization,
  type OrganizationRequest,
} from '../sync/grants/create-organization.ts'
import type { FollowState } from '../sync/intake/follow.ts'
import { type Decision, decideRequests, type ListedRequest, listRequests } from '../sync/mirror/approvals.ts'
import {
  type Counts,
  countParkedDeleted,
  type LinkCounts,
  listParked,
  listProblems,
  type ParkedLink,
  type ProblemHint,
  readCounts,
  readLinkCounts,
  retryParked,
  retryProblems,
} from '../sync/mirror/counts.ts'
import type { MappingConfig } from '../sync/plan/mapping.ts'
import type { MappingChange } from '../sync/plan/mapping-print.ts'
import type { ClerkAway } from '../sync/write/carry.ts'
import { createDecisions, type Decisions, type Sides } from './decisions.ts'
import { createErasures, type Erasures } from './erasures.ts'
import { createPlanOperations, type PlanOperations } from './plans.ts'
import { createRunOperations, type RunOperations, type RunStatus, readLatest } from './runs.ts'

/** How a process gets on with Salesforce. `checking`: the org has not been asked for its fields yet. */
export type SalesforceState = 'working' | 'paused' | 'problems' | 'checking'

export type SalesforceStatus = {
  state: SalesforceState
  paused: { reason: string; detail: string; until: number } | null
  /** What in the org stands in the way of the mapping. */
  problems: readonly string[]
  notices: readonly string[]
  /** How changes in Salesforce are learnt of. */
  following: FollowState
  /** API calls of the org in the last 24 hours. */
  usage: Usage | null
}

export type Status = {
  counts: Counts
  links: readonly LinkCounts[]
  /** Of each kind of run the one under way and the last that ended, newest first. */
  runs: readonly RunStatus[]
  /** Of the process that was asked; null where the database alone was. */
  salesforce: SalesforceStatus | null
  /** Why that process does not write to Clerk at the moment; null while it does, or has nothing to write. */
  clerkAway: ClerkAway | null
  /** How the mapping differs from the one that was accepted last; null where the database alone was asked. */
  mapping: readonly MappingChange[] | null
}

export type Retry = {
  links?: readonly number[] | 'all' | undefined
  /** With `all`: also those whose record somebody deleted in Salesforce, which makes new ones. @default false */
  deleted?: boolean | undefined
  problems?: boolean | undefined
}
/** How many; `leftOut` counts those of all whose record somebody deleted in Salesforce. */
export type Retried = { links: number; leftOut: number; problems: number }

/** What an operator can ask and do, the same in the process and over HTTP. */
export type Operations = Erasures &
  RunOperations &
  PlanOperations &
  Decisions & {
    status: () => Promise<Status>
    /** Everything that is known of an id of either side or of an e-mail address, and why it is so. Personal data: for whoever asked alone. */
    explain: (id: string, limit: number) => Promise<Explanation>
    parked: (limit: number) => Promise<ParkedLink[]>
    problems: (limit: number) => Promise<ProblemHint[]>
    /** What Salesforce asks for in Clerk and has not got, with the reason: those that wait for approval before the others. */
    approvals: (limit: number) => Promise<ListedRequest[]>
    /** Lets requests through, or denies them for good. Returns the keys of those that could be decided about. */
    decide: (decision: Decision, requests: readonly string[] | 'all') => Promise<string[]>
    /** Tries parked links again, and reads hints that could not be read again. */
    retry: (what: Retry) => Promise<Retried>
    createOrganization: (request: OrganizationRequest) => Promise<CreatedOrganization>
  }

export type OperationsOptions = {
  db: Database
  /** Undefined where no key was given: then no organization can be created, and nobody erased without force. */
  clerk: Pick<ClerkClient, 'createOrganization' | 'findOrganizations' | 'getOrganization' | 'getUser'> | undefined
  /** Undefined where the database alone is asked. */
  engine: Engine | undefined
  salesforce: Pick<SalesforceApi, 'usage'> | undefined
  /** Undefined where Salesforce cannot be asked. */
  sides?: Sides | undefined
  clock: Clock
  newKey: () => string
  /** To explain by while the engine has no rules yet, or there is none. @default {} */
  config?: MappingConfig | undefined
}

/** How an engine gets on with Salesforce. */
export const readSalesforceStatus = (
  engine: Pick<Engine, 'health'>,
  salesforce?: Pick<SalesforceApi, 'usage'>,
): SalesforceStatus => {
  const { checked, paused, following } = engine.health()
  const problems = checked?.problems ?? []
  const state = paused ? 'paused' : problems.length > 0 ? 'problems' : checked ? 'working' : 'checking'
  return {
    state,
    paused: paused ?? null,
    problems,
    notices: checked?.notices ?? [],
    following,
    usage: salesforce?.usage() ?? null,
  }
}

/** Operations on a database, and on the engine that works on it in this process if there is one. */
export const createOperations = (options: OperationsOptions): Operations => {
  const { db, clerk, engine, salesforce, sides, clock, newKey, config = {} } = options
  const runs = createRunOperations({ db, engine, clock })
  return {
    ...createErasures({ db, clerk, engine, clock, newKey }),
    ...runs,
    ...createPlanOperations({ db, engine, clock, run: runs.run }),
    ...createDecisions({ db, sides, engine, clock, newKey, config }),
    status: async () => {
      const counts = await readCounts(db.query, clock.now())
      const links = await readLinkCounts(db.query)
      return {
        counts,
        links,
        runs: await readLatest(db),
        salesforce: engine ? readSalesforceStatus(engine, salesforce) : null,
        clerkAway: engine?.health().clerkAway ?? null,
        mapping: engine?.mapping.changes() ?? null,
      }
    },
    explain: (id, limit) => {
      const rules = engine?.health().checked?.rules
      return explain({ query: db.query, now: clock.now(), rules, config, limit }, id)
    },
    parked: (limit) => listParked(db.query, limit),
    problems: (limit) => listProblems(db.query, limit),
    approvals: (limit) => listRequests(db.query, limit),
    decide: async (decision, requests) => {
      const decided = await decideRequests(db.query, decision, requests, clock.now())
      engine?.wake()
      return decided
    },
    retry: async ({ links = [], deleted = false, problems = false }) => {
      const retried = await db.transaction(async (query) => ({
        links: links === 'all' || links.length > 0 ? await retryParked(query, links, clock.now(), { deleted }) : 0,
        leftOut: links === 'all' && !deleted ? await countParkedDeleted(query) : 0,
        problems: problems ? await retryProblems(query) : 0,
      }))
      engine?.wake()
      return retried
    },
    createOrganization: async (request) => {
      if (!clerk) throw new Error('there is no Clerk client to create organizations with')
      const created = await createOrganization({ db, clerk, clock, newKey }, request)
      engine?.wake()
      return created
    },
  }
}
