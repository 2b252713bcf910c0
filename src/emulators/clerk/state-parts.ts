import type { Part } from '../kit/snapshot.ts'
import { changeableSettings } from './given.ts'
import type { Instance } from './instance.ts'
import { createStore, type Store } from './store.ts'

/*
 * What of an instance belongs to a snapshot: every table and map of the store, settings, where ids and counters stand. Webhooks, faults and
 * rate limits bring their own parts. Keys and secrets of the options are not in it: they belong to the start, not to the state.
 *
 * Which tables there are is read from the type of the store, so that a new one that is forgotten here does not compile.
 */

type Recorded = { byCreation: () => readonly { seq: number }[] }
type TableName = { [K in keyof Store]: Store[K] extends Recorded ? K : never }[keyof Store]
type RecordOf<K extends TableName> = ReturnType<Store[K]['byCreation']>[number]
/** Whatever of the store is neither a table nor a function. */
type OtherName = {
  [K in keyof Store]: Store[K] extends Recorded | ((...args: never[]) => unknown) ? never : K
}[keyof Store]

/** How a record gets into its table with all indexes. */
const adders: { [K in TableName]: (store: Store, record: RecordOf<K>) => void } = {
  users: (store, record) => store.addUser(record),
  organizations: (store, record) => store.addOrganization(record),
  memberships: (store, record) => store.addMembership(record),
  invitations: (store, record) => store.addInvitation(record),
  domains: (store, record) => store.domains.insert(record),
  appInvitations: (store, record) => store.appInvitations.insert(record),
  waitlist: (store, record) => store.waitlist.insert(record),
  permissions: (store, record) => store.permissions.insert(record),
  roles: (store, record) => store.roles.insert(record),
  roleSets: (store, record) => store.roleSets.insert(record),
}
const tableNames = Object.keys(adders) as TableName[]

type Saved<T> = T extends Map<infer K, infer V> ? [K, V][] : T
type SavedOthers = { [K in OtherName]: Saved<Store[K]> }

const saveOthers = ({ verifications, credits, sessions, subscriptions, svixApp }: Store): SavedOthers => ({
  verifications: [...verifications],
  credits,
  sessions: [...sessions],
  subscriptions: [...subscriptions],
  svixApp,
})

const loadOthers = (store: Store, { verifications, credits, sessions, subscriptions, svixApp }: SavedOthers): void => {
  for (const [id, verification] of verifications) store.verifications.set(id, verification)
  for (const [userId, open] of sessions) store.sessions.set(userId, open)
  for (const [id, subscription] of subscriptions) store.subscriptions.set(id, subscription)
  store.credits.push(...credits)
  store.svixApp = svixApp
}

type SavedStore = { tables: { [K in TableName]: RecordOf<K>[] }; others: SavedOthers }

const bySeq = (a: { seq: number }, b: { seq: number }): number => a.seq - b.seq

const fill = <K extends TableName>(store: Store, name: K, records: readonly RecordOf<K>[]): void => {
  for (const record of records) adders[name](store, record)
}

const emptied = (instance: Instance): Store => {
  const store = createStore(instance.settings, instance.now())
  // A new store has its first roles already.
  for (const name of ['permissions', 'roles', 'roleSets'] as const) {
    const table: { byCreation: () => readonly { id: string }[]; remove: (record: never) => void } = store[name]
    for (const record of [...table.byCreation()]) table.remove(record as never)
  }
  return store
}

/** Records change in place, so a snapshot has copies. In order of insertion, which indexes keep. */
const recordsPart = (instance: Instance): Part => ({
  save: (): SavedStore => {
    const tables = tableNames.map((name) => [name, [...instance.store[name].byCreation()].sort(bySeq)])
    return structuredClone({ tables: Object.fromEntries(tables), others: saveOthers(instance.store) })
  },
  load: (saved) => {
    const { tables, others } = structuredClone(saved as SavedStore)
    const store = emptied(instance)
    for (const name of tableNames) fill(store, name, tables[name])
    loadOthers(store, others)
    instance.store = store
  },
  clear: () => {
    instance.store = createStore(instance.settings, instance.now())
  },
})

const settingsPart = ({ settings }: Instance): Part => {
  const save = () =>
    structuredClone(
      Object.fromEntries(Object.entries(settings).filter(([name]) => changeableSettings.some((each) => each === name))),
    )
  const atStart = save()
  // Others hold on to the limits themselves.
  const load = (saved: object): void => {
    const { rateLimits, ...rest } = structuredClone({ ...atStart, ...saved })
    Object.assign(settings, rest)
    Object.assign(settings.rateLimits, rateLimits)
  }
  return { save, load: (saved) => load(saved as object), clear: () => load({}) }
}

/** All parts of an instance by name; `others` are those that have a home of their own. */
export const partsOf = (
  instance: Instance,
  others: Readonly<Record<string, Part>>,
): (() => ReadonlyMap<string, Part>) => {
  const parts = new Map([
    ['settings', settingsPart(instance)],
    ['records', recordsPart(instance)],
    ['instance', instance.part],
    ...Object.entries(others),
  ])
  return () => parts
}

/** Those that others stand on. */
export const firstParts: readonly string[] = ['settings', 'records']
