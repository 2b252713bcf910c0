/**
 * Random histories in which both sides act at once, and what must hold at their end.
 *
 * What is expected follows from the last edits on either side and from the rules, not from the order in which anybody was told: which value
 * `newest` ends in depends on times, that both sides hold the same one does not.
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Fault } from '../../src/emulators/kit/faults.ts'
import { listParked, type ParkedLink } from '../../src/sync/mirror/counts.ts'
import type { MappingConfig } from '../../src/sync/plan/mapping.ts'
import type { BothSides, CustomField, Shown } from './both-sides.ts'

const text = (object: string, name: string): CustomField => ({ object, name, type: 'string', length: 80 })

export const rivalFields: readonly CustomField[] = [
  ...['Tier__c', 'Region__c', 'Note__c', 'Tax__c'].map((name) => text('Account', name)),
  ...['Job__c', 'Note__c'].map((name) => text('Contact', name)),
]

export const rivalConfig: MappingConfig = {
  organization: {
    fields: {
      Name: { from: 'name', rule: 'newest' },
      Region__c: { from: 'public_metadata.region' },
      Tier__c: { from: 'public_metadata.crm.tier', rule: 'salesforce' },
      Note__c: { from: 'private_metadata.note', rule: 'fill-blank' },
      Tax__c: { from: 'private_metadata.crm.tax', rule: 'park' },
    },
  },
  person: {
    fields: {
      FirstName: { from: 'first_name', rule: 'newest' },
      Job__c: { from: 'unsafe_metadata.job', rule: 'salesforce' },
      Note__c: { from: 'public_metadata.note', rule: 'fill-blank' },
    },
  },
  // Values are few, so that they meet; what comes of fights has tests of its own.
  fights: { reversals: 1_000 },
}

type Kind = 'organization' | 'person'
type Field = { field: string; path: string; rule: string }
const fieldsOf: Readonly<Record<Kind, readonly Field[]>> = {
  organization: [
    { field: 'Name', path: 'name', rule: 'newest' },
    { field: 'Region__c', path: 'public_metadata.region', rule: 'clerk' },
    { field: 'Tier__c', path: 'public_metadata.crm.tier', rule: 'salesforce' },
    { field: 'Note__c', path: 'private_metadata.note', rule: 'fill-blank' },
    { field: 'Tax__c', path: 'private_metadata.crm.tax', rule: 'park' },
  ],
  person: [
    { field: 'FirstName', path: 'first_name', rule: 'newest' },
    { field: 'Job__c', path: 'unsafe_metadata.job', rule: 'salesforce' },
    { field: 'Note__c', path: 'public_metadata.note', rule: 'fill-blank' },
  ],
}
const objectOf = { organization: 'Account', person: 'Contact' } as const
const keyOf = { organization: 'Clerk_Org_Id__c', person: 'Clerk_User_Id__c' } as const
const pathOf = { organization: '/organizations', person: '/users' } as const

type Which = { kind: Kind; nth: number }
export type Step =
  | ({ do: 'edit'; side: 'clerk' | 'salesforce'; field: number; value: string | null } & Which)
  | ({ do: 'own'; value: string } & Which)
  | { do: 'sign-up' }
  | { do: 'found' }
  | { do: 'join' | 'leave' | 'promote'; user: number; organization: number }
  | ({ do: 'end' } & Which)
  | ({ do: 'delete' | 'undelete' } & Which)
  | { do: 'merge'; user: number }
  | { do: 'mishap'; side: 'clerk' | 'salesforce'; fault: Fault }
  | { do: 'deliver'; seed: number; times: number }
  | { do: 'events'; what: 'hold' | 'release' | 'repeat' | 'drop' | 'overflow' }
  | { do: 'crash' | 'settle' | 'wait' }

const which: fc.Arbitrary<Which> = fc.record({
  kind: fc.constantFrom<Kind>('organization', 'person'),
  nth: fc.nat({ max: 2 }),
})
const value = fc.constantFrom('Ada', 'Bea', 'Cleo', 'Dora')
const pair = { user: fc.nat({ max: 2 }), organization: fc.nat({ max: 1 }) }

const answer = (status: number, code: string, headers: Record<string, string> = {}): Fault => ({
  respond: { status, headers, body: { errors: [{ code, message: code }] } },
})
const refusal = (status: number, errorCode: string): Fault => ({
  respond: { status, body: [{ errorCode, message: errorCode.toLowerCase() }] },
})
const mishap = fc
  .record({
    side: fc.constantFrom('clerk' as const, 'salesforce' as const),
    nth: fc.nat({ max: 4 }),
    times: fc.integer({ min: 1, max: 2 }),
    after: fc.nat({ max: 2 }),
  })
  .map(({ side, nth, times, after }): Step => {
    const faults: readonly Fault[] =
      side === 'clerk'
        ? [
            { drop: 'answer' },
            { drop: 'request' },
            answer(503, 'service_unavailable'),
            answer(429, 'too_many_requests', { 'retry-after': '1' }),
            answer(500, 'internal_clerk_error'),
          ]
        : [
            { drop: 'answer' },
            { drop: 'request' },
            refusal(503, 'SERVER_UNAVAILABLE'),
            refusal(401, 'INVALID_SESSION_ID'),
            { latencyMs: 20 },
          ]
    const path = side === 'clerk' ? '/v1/*' : '/services/data/*'
    return { do: 'mishap', side, fault: { ...faults[nth], path, times, after } }
  })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc
      .record({
        side: fc.constantFrom('clerk' as const, 'salesforce' as const),
        field: fc.nat({ max: 4 }),
        value,
        which,
      })
      .map(({ which, ...edit }): Step => ({ do: 'edit', ...edit, ...which })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        side: fc.constantFrom('clerk' as const, 'salesforce' as const),
        field: fc.integer({ min: 1, max: 4 }),
        which,
      })
      .map(({ which, ...edit }): Step => ({ do: 'edit', ...edit, ...which, value: null })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ which, value }).map(({ which, value }): Step => ({ do: 'own', value, ...which })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'sign-up' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'found' }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('join' as const, 'leave' as const, 'promote' as const), ...pair }),
  },
  { weight: 1, arbitrary: which.map((one): Step => ({ do: 'end', ...one })) },
  { weight: 1, arbitrary: which.map((one): Step => ({ do: 'delete', ...one })) },
  { weight: 1, arbitrary: which.map((one): Step => ({ do: 'undelete', ...one })) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('merge' as const), user: pair.user }) },
  { weight: 2, arbitrary: mishap },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      seed: fc.nat(),
      times: fc.integer({ min: 1, max: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('hold', 'release', 'repeat', 'drop', 'overflow')
      .map((what): Step => ({ do: 'events', what: what as 'hold' })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'crash' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'settle' }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'wait' }) },
)

export const rivalSteps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 10, maxLength: 30, size: 'max' })

/** A record of Clerk and what was done to it and to its pair. */
type Actor = {
  kind: Kind
  id: string
  ended: boolean
  /** The pair's own record may be another one by now, with values that nobody here wrote. */
  merged: boolean
  deleted: string | undefined
  edits: { clerk: Map<string, (string | null)[]>; salesforce: Map<string, (string | null)[]> }
  /** Of the customer's own metadata. */
  own: string
}

export type Play = {
  actors: Actor[]
  memberships: Map<string, { role: string }>
  /** Something went wrong that may have lost what came of a write. */
  disturbed: boolean
}

const nest = (path: string, value: unknown): Shown => {
  const [first = '', ...rest] = path.split('.')
  return { [first]: rest.length === 0 ? value : nest(rest.join('.'), value) }
}
const readPath = (record: Shown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, part) => (value as Shown | null | undefined)?.[part], record) ?? null

const last = (actor: Actor, side: 'clerk' | 'salesforce', field: string): string | null | undefined =>
  actor.edits[side].get(field)?.at(-1)

const everEdited = ({ edits }: Actor, field: string): (string | null)[] => [
  ...(edits.clerk.get(field) ?? []),
  ...(edits.salesforce.get(field) ?? []),
]

/** Neither vendor can compare and set, so between our look and our write an edit can be lost: edits of which none may be, wait for it. */
const betweenCalls = async (sides: BothSides): Promise<void> => {
  while (sides.engine().health().underWay > 0) await new Promise((resolve) => setTimeout(resolve, 1))
}

const shuffle = <T>(list: readonly T[], seed: number): T[] =>
  list
    .map((one, index) => ({ one, at: ((index + 1) * 7_919 * (seed + 13)) % 1_009 }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)

/** Plays a history. Names and ids are new in each run. */
export const play = async (sides: BothSides, steps: readonly Step[], run: number): Promise<Play> => {
  const { org, clerk } = sides
  const world: Play = {
    actors: [],
    memberships: new Map(),
    disturbed: steps.some((one) => one.do === 'crash' || one.do === 'mishap'),
  }
  const newActor = (kind: Kind, id: string): Actor => ({
    kind,
    id,
    ended: false,
    merged: false,
    deleted: undefined,
    edits: { clerk: new Map(), salesforce: new Map() },
    own: 'none',
  })
  const note = (actor: Actor, side: 'clerk' | 'salesforce', field: string, value: string | null): void => {
    actor.edits[side].set(field, [...(actor.edits[side].get(field) ?? []), value])
  }
  let made = 0
  const signUp = async (): Promise<void> => {
    const { id } = await sides.tell('POST', '/users', {
      email_address: [`r${run}n${++made}@example.com`],
      first_name: 'Ada',
      last_name: 'Lovelace',
      skip_password_requirement: true,
      public_metadata: { own: 'none' },
    })
    const actor = newActor('person', String(id))
    note(actor, 'clerk', 'FirstName', 'Ada')
    world.actors.push(actor)
  }
  const found = async (): Promise<void> => {
    const { id } = await sides.tell('POST', '/organizations', {
      name: 'Ada',
      public_metadata: { crm: { owner: 'none' } },
    })
    const actor = newActor('organization', String(id))
    note(actor, 'clerk', 'Name', 'Ada')
    world.actors.push(actor)
  }
  const nth = (kind: Kind, n: number): Actor | undefined => {
    const all = world.actors.filter((one) => one.kind === kind)
    const one = all[n % Math.max(1, all.length)]
    return one && !one.ended ? one : undefined
  }
  const pairOf = (actor: Actor): Shown | undefined => sides.record(objectOf[actor.kind], keyOf[actor.kind], actor.id)
  const patch = (actor: Actor, path: string, value: unknown): Promise<Shown> =>
    path.includes('.')
      ? sides.tell('PATCH', `${pathOf[actor.kind]}/${actor.id}/metadata`, nest(path, value))
      : sides.tell('PATCH', `${pathOf[actor.kind]}/${actor.id}`, { [path]: value })

  const act = async (one: Step): Promise<void> => {
    switch (one.do) {
      case 'sign-up':
        return signUp()
      case 'found':
        return found()
      case 'edit': {
        const actor = nth(one.kind, one.nth)
        const fields = fieldsOf[one.kind]
        const field = fields[one.field % fields.length]
        if (!actor || !field) return
        if (one.value === null && field.rule === 'newest') return
        if (field.rule === 'fill-blank' || field.rule === 'park') await betweenCalls(sides)
        if (one.side === 'clerk') {
          note(actor, 'clerk', field.field, one.value)
          await patch(actor, field.path, one.value)
          return
        }
        const record = pairOf(actor)
        if (!record) return
        note(actor, 'salesforce', field.field, one.value)
        org.person.edit(objectOf[actor.kind], String(record['Id']), { [field.field]: one.value })
        return
      }
      case 'own': {
        const actor = nth(one.kind, one.nth)
        if (!actor) return
        actor.own = one.value
        await patch(
          actor,
          actor.kind === 'organization' ? 'public_metadata.crm.owner' : 'public_metadata.own',
          one.value,
        )
        return
      }
      case 'join':
      case 'leave':
      case 'promote': {
        const user = nth('person', one.user)
        const organization = nth('organization', one.organization)
        if (!user || !organization) return
        const key = `${user.id} ${organization.id}`
        const known = world.memberships.get(key)
        const path = `/organizations/${organization.id}/memberships`
        if (one.do === 'join' && !known) {
          await sides.tell('POST', path, { user_id: user.id, role: 'org:member' })
          world.memberships.set(key, { role: 'org:member' })
        }
        if (one.do === 'leave' && known) {
          await sides.tell('DELETE', `${path}/${user.id}`)
          world.memberships.delete(key)
        }
        if (one.do === 'promote' && known) {
          await sides.tell('PATCH', `${path}/${user.id}`, { role: 'org:admin' })
          known.role = 'org:admin'
        }
        return
      }
      case 'end': {
        const actor = nth(one.kind, one.nth)
        if (!actor) return
        actor.ended = true
        await sides.tell('DELETE', `${pathOf[actor.kind]}/${actor.id}`)
        for (const key of world.memberships.keys()) if (key.split(' ').includes(actor.id)) world.memberships.delete(key)
        return
      }
      case 'delete': {
        const actor = nth(one.kind, one.nth)
        const record = actor && pairOf(actor)
        if (!actor || !record) return
        // An Account with Contacts takes them with it.
        if (
          actor.kind === 'organization' &&
          org.state()['Contact']?.some((contact) => contact['AccountId'] === record['Id'])
        )
          return
        actor.deleted = String(record['Id'])
        org.person.remove(objectOf[actor.kind], actor.deleted)
        return
      }
      case 'undelete': {
        const actor = nth(one.kind, one.nth)
        if (!actor?.deleted || pairOf(actor)) return
        org.person.undelete(objectOf[actor.kind], actor.deleted)
        actor.deleted = undefined
        return
      }
      case 'merge': {
        const actor = nth('person', one.user)
        const record = actor && pairOf(actor)
        if (!actor || !record) return
        await betweenCalls(sides)
        const winner = org.person.create('Contact', { LastName: 'Lovelace', FirstName: 'Ada' })
        org.person.merge('Contact', winner, String(record['Id']))
        actor.merged = true
        return
      }
      case 'mishap':
        if (one.side === 'clerk') clerk.faults.add(one.fault)
        else org.faults.add(one.fault)
        return
      case 'deliver':
        for (const message of shuffle(sides.pending(), one.seed))
          for (let i = 0; i < one.times; i++) await sides.deliver(message)
        return
      case 'events': {
        if (one.what === 'hold' || one.what === 'release') org.events.set({ hold: one.what === 'hold' })
        if (one.what === 'drop') org.events.disconnect('drop')
        if (one.what === 'overflow') org.events.announce({ object: 'Account', changeType: 'GAP_OVERFLOW' })
        const event = org.events.list().at(-1)
        if (one.what === 'repeat' && event) org.events.repeat(event.replayId)
        return
      }
      case 'crash':
        return sides.crash()
      case 'wait':
        await new Promise((resolve) => setTimeout(resolve, 5))
        return
      case 'settle':
        return calm(sides)
    }
  }

  for (let i = 0; i < 2; i++) await found()
  for (let i = 0; i < 3; i++) await signUp()
  for (const one of steps) await act(one)
  await calm(sides)
  return world
}

/** Ends whatever goes wrong, then waits until all is quiet. */
const calm = async (sides: BothSides): Promise<void> => {
  sides.clerk.faults.clear()
  sides.org.faults.clear()
  sides.org.events.set({ hold: false })
  await sides.settled()
}

/** What may be set aside for a person, and only with this reason. */
const mayPark = (actor: Actor, { code }: ParkedLink): boolean => {
  if (code === 'DELETED_IN_SALESFORCE') return actor.deleted !== undefined
  return (
    code === 'CONFLICT' && actor.edits.clerk.has('Tax__c') && (actor.edits.salesforce.has('Tax__c') || actor.merged)
  )
}

/** Checks every pair by the rules of its fields, and that nothing else has changed in Clerk. */
export const checkPlay = async (sides: BothSides, { actors, memberships, disturbed }: Play): Promise<void> => {
  const parked = await listParked(sides.db.query, 10_000)
  const parkedIds = new Set(parked.map(({ clerkId }) => clerkId))
  for (const actor of actors) {
    const { kind, id, ended } = actor
    const aside = parked.find((one) => one.clerkId === id)
    if (aside) expect({ ...aside, allowed: mayPark(actor, aside) }).toMatchObject({ allowed: true })
    const record = sides.record(objectOf[kind], keyOf[kind], id)
    if (ended) {
      if (record) expect(record['Clerk_Status__c']).toBe('deleted')
      continue
    }
    const source = await sides.tell('GET', `${pathOf[kind]}/${id}`)
    const own = readPath(source, kind === 'organization' ? 'public_metadata.crm.owner' : 'public_metadata.own')
    expect(own).toBe(actor.own)
    if (aside) continue
    expect(record, `${kind} ${id} has a record in Salesforce`).toBeDefined()
    for (const field of fieldsOf[kind]) checkField(actor, field, source, record ?? {}, disturbed)
  }
  for (const [key, { role }] of memberships) {
    const [user = '', organization = ''] = key.split(' ')
    if (parkedIds.has(user) || parkedIds.has(organization)) continue
    const contact = sides.record('Contact', 'Clerk_User_Id__c', user)?.['Id']
    const account = sides.record('Account', 'Clerk_Org_Id__c', organization)?.['Id']
    const relation = (sides.org.state()['AccountContactRelation'] ?? []).find(
      (one) => one['ContactId'] === contact && one['AccountId'] === account && one['IsDeleted'] !== true,
    )
    expect(relation).toMatchObject({ IsActive: true, Clerk_Role__c: role })
  }
}

const checkField = (
  actor: Actor,
  { field, path, rule }: Field,
  source: Shown,
  record: Shown,
  disturbed: boolean,
): void => {
  const clerk = readPath(source, path)
  const salesforce = record[field] ?? null
  const said = JSON.stringify({
    field,
    rule,
    clerk,
    salesforce,
    edits: { clerk: actor.edits.clerk.get(field), salesforce: actor.edits.salesforce.get(field) },
  })
  const lastClerk = last(actor, 'clerk', field)
  const lastSalesforce = last(actor, 'salesforce', field)
  switch (rule) {
    case 'newest':
      expect(salesforce, said).toBe(clerk)
      // Who dies with a write that is not settled takes it for an edit of Salesforce's afterwards, which is newer than Clerk's: any edit may win.
      if (!actor.merged)
        expect(disturbed ? everEdited(actor, field) : [lastClerk, lastSalesforce], said).toContain(clerk)
      return
    case 'clerk':
      // A blank that was there before anything was written is no reason to clear anything.
      if (clerk === null) expect([null, lastSalesforce ?? null], said).toContain(salesforce)
      else expect(salesforce, said).toBe(clerk)
      expect(clerk, said).toBe(lastClerk ?? null)
      return
    case 'salesforce':
      if (salesforce === null) expect([null, lastClerk ?? null], said).toContain(clerk)
      else expect(clerk, said).toBe(salesforce)
      if (!actor.merged) expect(salesforce, said).toBe(lastSalesforce ?? null)
      return
    case 'fill-blank':
      if (lastClerk) expect(clerk, said).toBe(lastClerk)
      if (lastSalesforce && !actor.merged) expect(salesforce, said).toBe(lastSalesforce)
      return
    case 'park':
      expect(salesforce, said).toBe(clerk)
      return
  }
}
