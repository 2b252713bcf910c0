import { backwards, type Inside, pickRecords, type ShownEvent } from '../page/inside.ts'
import { domainJson } from './domains.ts'
import type { Instance } from './instance.ts'
import { appInvitationJson, waitlistEntryJson } from './present-joining.ts'
import { invitationJson, membershipJson, organizationJson } from './present-organizations.ts'
import { userJson } from './present-users.ts'
import type { Store } from './store.ts'
import type { Message, Webhooks } from './webhooks/index.ts'

/** One kind of record as the page shows it: its columns, a row of them, and the whole as the API has it. */
type Kind = {
  columns: string[]
  count: (store: Store) => number
  list: (store: Store, search: string, limit: number) => ReturnType<typeof pickRecords>
  json: (instance: Instance, id: string) => object | undefined
}

type Rows<T> = { size: () => number; get: (id: string) => T | undefined; byCreation: () => readonly T[] }

const kindOf = <T extends { id: string; created_at: number }>(
  table: (store: Store) => Rows<T>,
  columns: readonly string[],
  cells: (record: T) => (string | null | undefined)[],
  json: (instance: Instance, record: T) => object,
): Kind => ({
  columns: ['id', ...columns, 'created_at'],
  count: (store) => table(store).size(),
  list: (store, search, limit) =>
    pickRecords(
      backwards(table(store).byCreation()),
      (record) => ({
        id: record.id,
        cells: [
          record.id,
          ...cells(record).map((cell) => cell ?? ''),
          new Date(record.created_at).toISOString().slice(0, 19).replace('T', ' '),
        ],
      }),
      search,
      limit,
    ),
  json: (instance, id) => {
    const record = table(instance.store).get(id)
    return record && json(instance, record)
  },
})

const kinds: ReadonlyMap<string, Kind> = new Map([
  [
    'users',
    kindOf(
      (store) => store.users,
      ['name', 'identifiers', 'external_id'],
      (user) => [
        [user.first_name, user.last_name].filter((part) => part !== null).join(' '),
        user.identifications.map(({ value }) => value).join(' '),
        user.external_id,
      ],
      (_, user) => userJson(user),
    ),
  ],
  [
    'organizations',
    kindOf(
      (store) => store.organizations,
      ['name', 'slug'],
      ({ name, slug }) => [name, slug],
      (instance, organization) => organizationJson(instance, organization, { membersCount: true }),
    ),
  ],
  [
    'memberships',
    kindOf(
      (store) => store.memberships,
      ['user_id', 'organization_id', 'role'],
      ({ user_id, organization_id, role }) => [user_id, organization_id, role],
      membershipJson,
    ),
  ],
  [
    'invitations',
    kindOf(
      (store) => store.invitations,
      ['email_address', 'organization_id', 'status'],
      ({ email_address, organization_id, status }) => [email_address, organization_id, status],
      invitationJson,
    ),
  ],
  [
    'domains',
    kindOf(
      (store) => store.domains,
      ['name', 'organization_id', 'enrollment_mode'],
      ({ name, organization_id, enrollment_mode }) => [name, organization_id, enrollment_mode],
      domainJson,
    ),
  ],
  [
    'app_invitations',
    kindOf(
      (store) => store.appInvitations,
      ['email_address', 'status'],
      ({ email_address, status }) => [email_address, status],
      (_, invitation) => appInvitationJson(invitation),
    ),
  ],
  [
    'waitlist_entries',
    kindOf(
      (store) => store.waitlist,
      ['email_address', 'status'],
      ({ email_address, status }) => [email_address, status],
      waitlistEntryJson,
    ),
  ],
])

const eventOf = ({ id, type, body, createdAt, deliveries }: Message): ShownEvent => {
  const { data } = JSON.parse(body) as { data?: { id?: unknown } }
  const attempts = deliveries.flatMap((delivery) => delivery.attempts)
  const states = new Set(deliveries.map(({ status }) => status))
  return {
    id,
    at: createdAt,
    type,
    about: String(data?.id ?? ''),
    state:
      deliveries.length === 0 ? 'none' : states.has('failed') ? 'failed' : states.has('waiting') ? 'waiting' : 'sent',
    attempts: attempts.map(({ at, status, error }) => ({ at, outcome: String(status ?? error ?? 'no answer') })),
  }
}

/** What the page shows of an instance. */
export const insideInstance = (instance: Instance, webhooks: Webhooks): Inside => ({
  emulator: 'clerk',
  title: 'Clerk emulator',
  about: 'A Clerk instance in memory. Its Backend API is under /v1; give its address to a client as the API URL.',
  objects: () => [...kinds].map(([name, kind]) => ({ name, count: kind.count(instance.store) })),
  newest: (object, search, limit) => {
    const kind = kinds.get(object)
    return kind && { columns: kind.columns, ...kind.list(instance.store, search, limit) }
  },
  record: (object, id) => {
    const json = kinds.get(object)?.json(instance, id)
    if (!json) return undefined
    const fields = Object.entries(json).map(([name, value]) => ({
      name,
      value: typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? ''),
    }))
    return { fields, json }
  },
  eventsTitle: 'Webhooks',
  events: (limit) => webhooks.messages().slice(-limit).reverse().map(eventOf),
  // The log of messages is the emulator's own.
  forget: () => {},
})
