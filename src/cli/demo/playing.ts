import type { RunningClerkEmulator } from '../../emulators/clerk/index.ts'
import type { RunningSalesforceEmulator } from '../../emulators/salesforce/index.ts'
import type { PlannedRow } from '../../sync/mirror/planned.ts'
import { CAST, COMPANIES, type CompanyKey } from './cast.ts'
import type { ClerkApi, ClerkMembership, ClerkOrganization, ClerkUser } from './clerk-api.ts'
import type { Expected } from './compare.ts'
import type { Names } from './steps.ts'

/** A membership that is over, and between which two moments it ended. */
export type Ended = { membership: ClerkMembership; from: number; to: number }

/** What the story did, as far as the other side cannot say it by itself. Everything goes by Clerk id. */
export type History = {
  /** As they were just before: Clerk no longer knows them, but Salesforce has to remember. */
  deletedUsers: ClerkUser[]
  deletedOrganizations: ClerkOrganization[]
  /** Those that people left, and those that ended with their user or organization. */
  ended: Ended[]
  /** Everybody whom Clerk has to hold, and nobody else. */
  people: Map<string, { first_name: string | null; last_name: string | null }>
  /** Likewise; several names where either is right. */
  organizations: Map<string, { names: readonly string[] }>
  invitations: Set<string>
  /** What a salesperson decided: fields of the Account or Contact. */
  typed: Map<string, Expected>
  /** What did not come about in time, as sentences. */
  missed: string[]
}

/** What the story is played on. */
export type Stage = {
  clerk: ClerkApi
  /** The people who work in Salesforce, and all of its records. Neither counts as an API call. */
  salesforce: Pick<RunningSalesforceEmulator, 'person' | 'state'>
  /** Makes an organization through clerkforce's API; returns its id. */
  openOrganization: (name: string) => Promise<string>
  /** How many pairs are set aside for a person, and how much there is to do still. */
  left: () => Promise<{ parked: number; busy: number }>
  /** Makes Salesforce unreachable for that long. */
  startOutage: (ms: number) => void
  /** Fills Clerk with what was there before, of which no webhook tells. */
  seed: RunningClerkEmulator['seed']
  /** Asks clerkforce over HTTP, as an operator's program would; with a body it is a POST. */
  ask: <T>(path: string, body?: object) => Promise<T>
  sleep: (ms: number) => Promise<void>
}

/** The story while it is played: ids of whom it names. */
export type Playing = Stage & {
  now: () => number
  history: History
  users: Map<string, string>
  organizations: Map<CompanyKey, string>
  /** Records that the salesperson entered. */
  contacts: Map<string, string>
  accounts: Map<CompanyKey, string>
  /** The plan that was made last. */
  plan?: { mapping: string; rows: readonly PlannedRow[] }
}

export const newPlaying = (stage: Stage, now: () => number): Playing => ({
  ...stage,
  now,
  history: {
    deletedUsers: [],
    deletedOrganizations: [],
    ended: [],
    people: new Map(),
    organizations: new Map(),
    invitations: new Set(),
    typed: new Map(),
    missed: [],
  },
  users: new Map(),
  organizations: new Map(),
  contacts: new Map(),
  accounts: new Map(),
})

/** The id that the story has for somebody. @throws Error when they have not appeared yet */
export const known = <K>(ids: ReadonlyMap<K, string>, key: K): string => {
  const found = ids.get(key)
  if (found === undefined) throw new Error(`the story names ${String(key)} too early`)
  return found
}

/** What everybody is called at the moment. */
export const namesIn = ({ history, users, organizations }: Playing): Names => ({
  person: (who) => {
    const last = history.people.get(users.get(who) ?? '')?.last_name ?? CAST.get(who)?.lastName
    return [who, last].filter(Boolean).join(' ')
  },
  company: (key) => history.organizations.get(organizations.get(key) ?? '')?.names[0] ?? COMPANIES[key],
})
