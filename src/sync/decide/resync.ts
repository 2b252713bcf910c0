/**
 * A mapping that was changed concerns records that will not change by themselves for a long time. It is noticed at the start, by comparing what
 * it says (plan/mapping-print.ts) with what the last accepted one said, and told; nothing is marked until a person, or the setting, says so.
 *
 * Only the links that it concerns are marked: where a new field has a value to carry, where the sides differ in a field whose rule or source is
 * another, and whom a changed policy is about. A field that is gone concerns nobody: it is left as it is, on both sides. They are looked up in
 * Salesforce again, because the mirror knows only the fields that were mapped when they were read. What was only planned so far is left to the next
 * plan, which goes by the changed mapping.
 */
import type { Database, Query } from '../../db/database.ts'
import { toJsonb } from '../../db/jsonb.ts'
import type { Body, Fields } from '../../model/model.ts'
import { lookAgain, tiers } from '../mirror/dirty.ts'
import { type MappedEntity, mappedEntities } from '../plan/known-fields.ts'
import { type FieldRule, type MappingConfig, MappingError, objectOf, type Rules, readField } from '../plan/mapping.ts'
import { compareMappings, type MappingChange, type MappingPrint, printMapping } from '../plan/mapping-print.ts'
import { sameValue } from '../plan/value.ts'

const readAccepted = async (query: Query): Promise<MappingPrint | undefined> => {
  const [row] = await query<{ value: MappingPrint }>("select value from clerkforce.setting where name = 'mapping'")
  return row?.value
}

const accept = async (query: Query, print: MappingPrint): Promise<void> => {
  await query(
    `insert into clerkforce.setting (name, value) values ('mapping', $1)
     on conflict (name) do update set value = excluded.value`,
    [toJsonb(print)],
  )
}

/** How the mapping differs from the one that was accepted last; the very first one is accepted as it is. */
export const noticeMapping = async (query: Query, config: MappingConfig): Promise<MappingChange[]> => {
  const print = printMapping(config)
  const accepted = await readAccepted(query)
  if (accepted) return compareMappings(accepted, print)
  await accept(query, print)
  return []
}

/** Of the links of an entity, how many a changed mapping concerns. */
export type Concerned = { entity: MappedEntity; concerned: number; links: number }
export type Resync = { changes: readonly MappingChange[]; entities: readonly Concerned[] }

type Row = { id: number; salesforceId: string | null; body: Body; deleted: boolean; held: Fields | null }

const page = `
  select l.id, l.salesforce_id as "salesforceId", r.body, r.deleted_at is not null as deleted, s.body as held from (
    select id, entity, clerk_id, salesforce_id from clerkforce.link
    where entity = $1 and id > $2 and clerk_id is not null and not erased
      and not exists (select 1 from clerkforce.dirty where link_id = link.id and tier = ${tiers.planned}) order by id limit $3) l
  join lateral (
    select body, deleted_at from clerkforce.record where side = 'clerk' and entity = l.entity and id = l.clerk_id limit 1) r on true
  left join lateral (
    select body from clerkforce.record where side = 'salesforce' and entity = l.entity and id = l.salesforce_id limit 1) s on true
  order by l.id`
const atOnce = 1_000

/** Whether one of the changes is about a link. */
type Concern = (row: Row) => boolean

const differs = (rule: FieldRule, isNew: boolean): Concern => {
  return ({ salesforceId, body, deleted, held }) => {
    if (salesforceId === null || deleted) return false
    try {
      const { value } = readField(rule, body)
      // What Salesforce has in a new field was never read.
      if (isNew) return value !== null || rule.to !== undefined
      return !sameValue(value, held?.[rule.field] ?? null, rule.kind)
    } catch (error) {
      if (error instanceof MappingError) return true
      throw error
    }
  }
}

/** Whom a policy is about, by its name and entity. */
const policyConcerns: { readonly [what: string]: Partial<Record<MappedEntity, Concern>> } = {
  'person.adopt': { person: ({ salesforceId, deleted }) => salesforceId === null && !deleted },
  'organization.match': { organization: ({ salesforceId, deleted }) => salesforceId === null && !deleted },
  'person.primaryAccount': { person: ({ salesforceId }) => salesforceId !== null },
  'policies.userDeleted': { person: ({ salesforceId, deleted }) => salesforceId !== null && deleted },
  'policies.organizationDeleted': { organization: ({ salesforceId, deleted }) => salesforceId !== null && deleted },
  // That a membership ended may also be said of its person or its organization.
  'policies.membershipEnded': { person: ({ salesforceId }) => salesforceId !== null, membership: () => true },
}

const concernsOf = (entity: MappedEntity, changes: readonly MappingChange[], rules: Rules): Concern[] =>
  changes.flatMap(({ what, before, after }) => {
    const policy = policyConcerns[what]?.[entity]
    if (policy) return [policy]
    const rule = rules[entity].fields.find(({ field }) => what === `${objectOf[entity]}.${field}`)
    return rule && after !== null ? [differs(rule, before === null)] : []
  })

type Options = { db: Database; rules: Rules; config: MappingConfig; now: () => number }

const eachEntity = async (
  { db, rules }: Options,
  changes: readonly MappingChange[],
  found: (ids: readonly number[]) => Promise<void>,
): Promise<Concerned[]> => {
  const entities: Concerned[] = []
  for (const entity of mappedEntities) {
    const concerns = concernsOf(entity, changes, rules)
    if (concerns.length === 0) continue
    let [after, concerned, links] = [0, 0, 0]
    for (;;) {
      const rows = await db.query<Row>(page, [entity, after, atOnce])
      const ids = rows.filter((row) => concerns.some((concern) => concern(row))).map(({ id }) => id)
      if (ids.length > 0) await found(ids)
      concerned += ids.length
      links += rows.length
      const last = rows.at(-1)
      if (!last || rows.length < atOnce) break
      after = last.id
    }
    entities.push({ entity, concerned, links })
  }
  return entities
}

/** Counts what a changed mapping concerns; marks nothing. */
export const countConcerned = async (options: Options): Promise<Resync> => {
  const changes = await noticeMapping(options.db.query, options.config)
  return { changes, entities: await eachEntity(options, changes, async () => {}) }
}

/** Marks what a changed mapping concerns, a thousand at a time, and accepts the mapping; cut short, it is simply done again. */
export const resyncMapping = async (options: Options): Promise<Resync> => {
  const { db, config, now } = options
  const changes = await noticeMapping(db.query, config)
  const entities = await eachEntity(options, changes, (ids) =>
    // Behind what is live: five years of Contacts may be concerned.
    db.transaction((query) => lookAgain(query, ids, now(), { tier: tiers.retry })),
  )
  await accept(db.query, printMapping(config))
  return { changes, entities }
}
