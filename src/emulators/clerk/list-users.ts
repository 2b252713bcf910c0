import type { IdentificationKind, UserRecord } from './entities.ts'
import { formError, invalidValue } from './errors.ts'
import type { Instance } from './instance.ts'
import { strategyOf } from './present-sign-in-means.ts'
import {
  type ClerkContext,
  compareBy,
  flagParam,
  listParam,
  type Order,
  readOrder,
  readPage,
  readSign,
  slicePage,
  timeParam,
} from './request.ts'

const orderKeys = [
  'created_at',
  'updated_at',
  'email_address',
  'web3wallet',
  'first_name',
  'last_name',
  'phone_number',
  'username',
  'last_active_at',
  'last_sign_in_at',
] as const
type OrderKey = (typeof orderKeys)[number]

const primaryValue = (user: UserRecord, id: string | null): string | null =>
  user.identifications.find((candidate) => candidate.id === id)?.value ?? null

/** What a user is sorted by. */
export const userSortKey = (user: UserRecord, key: OrderKey): string | number | null => {
  if (key === 'email_address') return primaryValue(user, user.primary_email_address_id)
  if (key === 'phone_number') return primaryValue(user, user.primary_phone_number_id)
  if (key === 'web3wallet') return primaryValue(user, user.primary_web3_wallet_id)
  return user[key]
}

type Test = (user: UserRecord) => boolean
/** A filter, and the records that can pass it where an index names them. */
type Filter = { test: Test; candidates?: () => (UserRecord | undefined)[] }

const textOf = (user: UserRecord, kind: IdentificationKind): string[] =>
  user.identifications.filter((candidate) => candidate.kind === kind).map(({ value }) => value)

const contains = (text: string | null, part: string): boolean => text?.toLowerCase().includes(part) ?? false

const searches: Record<string, (user: UserRecord, part: string) => boolean> = {
  query: (user, part) =>
    [user.id, user.first_name, user.last_name, user.username, ...user.identifications.map(({ value }) => value)].some(
      (text) => contains(text, part),
    ) || contains(`${user.first_name ?? ''} ${user.last_name ?? ''}`, part),
  email_address_query: (user, part) => textOf(user, 'email_address').some((text) => contains(text, part)),
  phone_number_query: (user, part) => textOf(user, 'phone_number').some((text) => contains(text, part)),
  username_query: (user, part) => contains(user.username, part),
  name_query: (user, part) => contains(`${user.first_name ?? ''} ${user.last_name ?? ''}`, part),
}

/** Filters by partial text, which `GET /users` and the memberships of an organization share. */
export const searchTests = (c: ClerkContext): Test[] =>
  Object.entries(searches).flatMap(([name, matches]) => {
    const part = c.req.query(name)?.toLowerCase()
    return part ? [(user: UserRecord) => matches(user, part)] : []
  })

const times = ['created_at', 'last_active_at', 'last_sign_in_at'] as const

/** Filters by time: before and after are both exclusive; a user without the time matches neither. */
export const timeTests = (c: ClerkContext, fields: readonly (typeof times)[number][] = times): Test[] =>
  fields.flatMap((field) => {
    const before = timeParam(c, `${field}_before`)
    const after =
      timeParam(c, `${field}_after`) ?? (field === 'last_active_at' ? timeParam(c, `${field}_since`) : undefined)
    const within = (at: number | null) =>
      at !== null && (before === undefined || at < before) && (after === undefined || at > after)
    return before === undefined && after === undefined ? [] : [(user: UserRecord) => within(user[field])]
  })

/** A filter by exact values. With signs, `-` excludes and `+` or nothing includes. */
const valueFilter = (
  values: string[],
  signed: boolean,
  matches: (user: UserRecord, wanted: ReadonlySet<string>) => boolean,
  find: (value: string) => (UserRecord | undefined)[],
): Filter => {
  const read = values.map((value) => (signed ? readSign(value) : { excluded: false, value }))
  const included = new Set(read.filter(({ excluded }) => !excluded).map(({ value }) => value))
  const excluded = new Set(read.filter((entry) => entry.excluded).map(({ value }) => value))
  return {
    test: (user) => (included.size === 0 || matches(user, included)) && !(excluded.size > 0 && matches(user, excluded)),
    ...(included.size > 0 && { candidates: () => [...included].flatMap(find) }),
  }
}

const valueFilters = ({ store }: Instance, c: ClerkContext): Filter[] => {
  const filters: Filter[] = []
  const add = (
    name: string,
    signed: boolean,
    matches: Parameters<typeof valueFilter>[2],
    find: Parameters<typeof valueFilter>[3],
  ) => {
    const values = listParam(c, name)
    if (values) filters.push(valueFilter(values, signed, matches, find))
  }
  for (const kind of ['email_address', 'phone_number', 'web3_wallet'] as const)
    add(
      kind,
      false,
      (user, wanted) => textOf(user, kind).some((text) => wanted.has(text)),
      (value) => [...store.holders(kind, value)],
    )
  add(
    'username',
    false,
    (user, wanted) => user.username !== null && wanted.has(user.username),
    (value) => [store.userByUsername(value)],
  )
  add(
    'user_id',
    true,
    (user, wanted) => wanted.has(user.id),
    (value) => [store.users.get(value)],
  )
  add(
    'external_id',
    true,
    (user, wanted) => user.external_id !== null && wanted.has(user.external_id),
    (value) => [store.userByExternalId(value)],
  )
  add(
    'organization_id',
    true,
    (user, wanted) => store.membershipsOfUser(user.id).some((membership) => wanted.has(membership.organization_id)),
    (value) => [...store.membershipsOf(value).keys()].map((id) => store.users.get(id)),
  )
  return filters
}

/** `provider` and `provider_user_id`, which only go together. */
const providerTests = (c: ClerkContext): Test[] => {
  const provider = c.req.query('provider')
  const ids = listParam(c, 'provider_user_id')
  const missing = (param: string, present: string) =>
    formError(
      'form_conditional_param_missing',
      param,
      'is missing',
      `\`${param}\` is required when \`${present}\` is present.`,
    )
  if (provider !== undefined && !ids) throw missing('provider_user_id', 'provider')
  if (ids && provider === undefined) throw missing('provider', 'provider_user_id')
  if (!ids || provider === undefined) return []
  const strategy = strategyOf(provider)
  return [
    (user) =>
      user.external_accounts.some(
        (account) => strategyOf(account.provider) === strategy && ids.includes(account.provider_user_id),
      ),
  ]
}

/** The request's filters, or `undefined` when it has none. */
const readFilter = (instance: Instance, c: ClerkContext): { test: Test; candidates?: UserRecord[] } | undefined => {
  const filters = valueFilters(instance, c)
  const banned = flagParam(c, 'banned')
  const tests = [...filters.map(({ test }) => test), ...searchTests(c), ...timeTests(c)]
  if (banned !== undefined) tests.push((user) => user.banned === banned)
  tests.push(...providerTests(c))
  if (tests.length === 0) return undefined
  const narrowest = filters.find(({ candidates }) => candidates)?.candidates?.()
  return {
    test: (user) => tests.every((test) => test(user)),
    ...(narrowest && { candidates: [...new Set(narrowest.filter((user) => user !== undefined))] }),
  }
}

/** Users that pass the request's filters, in no order. */
const matchingUsers = (instance: Instance, c: ClerkContext): readonly UserRecord[] | undefined => {
  const filter = readFilter(instance, c)
  return filter && (filter.candidates ?? instance.store.users.byCreation()).filter(filter.test)
}

/** GET /users/count. */
export const countUsers = (instance: Instance, c: ClerkContext): number =>
  matchingUsers(instance, c)?.length ?? instance.store.users.size()

const cursorOf = (
  instance: Instance,
  c: ClerkContext,
  order: Order<OrderKey>,
  offset: number,
): UserRecord | undefined => {
  const id = c.req.query('starting_after')
  if (id === undefined) return undefined
  if (order.key !== 'created_at')
    throw invalidValue('starting_after', 'starting_after can only be used when ordering by created_at.')
  if (offset > 0) throw invalidValue('starting_after', 'starting_after cannot be combined with offset.')
  const cursor = instance.store.users.get(id)
  if (!cursor) throw invalidValue('starting_after', 'starting_after must be the id of an existing user.')
  return cursor
}

/** GET /users: a page by cursor or offset. Unfiltered pages in order of creation cost the same wherever they are. */
export const listUsers = (instance: Instance, c: ClerkContext): UserRecord[] => {
  const { users } = instance.store
  const order = readOrder(c, orderKeys, { key: 'created_at', descending: true })
  const page = readPage(c)
  const cursor = cursorOf(instance, c, order, page.offset)
  const matching = matchingUsers(instance, c)
  const compare = compareBy<UserRecord>((user) => userSortKey(user, order.key), order.descending)
  if (matching) {
    const sorted = [...matching].sort(compare)
    return slicePage(cursor ? sorted.filter((user) => compare(cursor, user) < 0) : sorted, page)
  }
  if (order.key !== 'created_at') return slicePage(users.ordered(`${order.key}:${order.descending}`, compare), page)
  return users.creationPage({ ...page, descending: order.descending, after: cursor })
}
