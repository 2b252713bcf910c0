import type { Part } from '../../kit/snapshot.ts'
import type { Commits } from '../commits.ts'
import { makeId } from '../ids.ts'
import { type Access, accessOf, buildSchema, type SchemaOptions } from '../org-schema.ts'
import type { Schema } from '../schema.ts'
import type { Row, Store } from '../store.ts'
import type { Surroundings } from './apply.ts'
import { channelsOf, type EventChannel, type Metadata, type PermissionSet } from './model.ts'

/** The metadata that the org has at present. */
export type LiveMetadata = Part & {
  current: () => Metadata
  channels: () => readonly EventChannel[]
  /** The schema as the integration user sees it. */
  schema: () => Schema
  /** What the integration user may do. */
  access: () => Access
  surroundings: Surroundings
  /** Puts another in its place: the schema changes at once, data of what is gone goes too. */
  replace: (next: Metadata) => void
  /** Looks again at who has which permission set. */
  refresh: () => void
}

// Changes of these are captured: Change Data Capture Developer Guide, Standard Objects; AccountContactRelation since v59.
const captured: ReadonlySet<string> = new Set(['Account', 'Contact', 'AccountContactRelation', 'User'])
/** Standard objects that take no custom fields, nor a reference from one. */
const closed: ReadonlySet<string> = new Set(['Organization', 'RecordType', 'PermissionSet', 'PermissionSetAssignment'])

/** Fields and rights that every org of these options has, whatever its metadata. */
export const surroundingsOf = (
  bare: Schema,
  { maxCaptured, valuesOf }: Pick<Surroundings, 'maxCaptured' | 'valuesOf'>,
): Surroundings => ({
  fieldsOf: (name) => {
    const object = closed.has(name) ? undefined : bare.objects.find((each) => each.name === name)
    return object?.custom ? undefined : object?.fields
  },
  addedTo: (name) =>
    bare.objects.find((each) => each.custom && each.name === name)?.fields.filter((field) => field.custom) ?? [],
  hasRights: (object) => object === 'Account' || object === 'Contact',
  hasChangeEvents: (object) => captured.has(object),
  maxCaptured,
  valuesOf,
})

type Parts = { store: Store; commits: Commits; now: () => number; userId: string }

const rowsOf = (org: Parts, object: string): Row[] =>
  org.store.ids(object).flatMap((id) => org.store.get(object, id) ?? [])

const setsOf = (org: Parts, metadata: Metadata): PermissionSet[] =>
  rowsOf(org, 'PermissionSetAssignment').flatMap((row) => {
    if (row['AssigneeId'] !== org.userId || row['IsDeleted'] === true) return []
    const set = org.store.get('PermissionSet', String(row['PermissionSetId']))
    return metadata.permissionSets[String(set?.['Name'])] ?? []
  })

const dropRows = (org: Parts, object: string, gone: (row: Row) => boolean): void =>
  org.store.drop(object, new Set(rowsOf(org, object).flatMap((row) => (gone(row) ? [row.Id] : []))))

// Rows of the setup say what metadata says.
const keepSetRows = (org: Parts, metadata: Metadata, assignNew: boolean): void => {
  const known = new Map(rowsOf(org, 'PermissionSet').map((row) => [row['Name'], row]))
  const now = Math.floor(org.now() / 1000) * 1000
  for (const { name, label, description } of Object.values(metadata.permissionSets)) {
    const before = known.get(name)
    const id = before?.Id ?? makeId('0PS', org.store.nextSequence('PermissionSet'))
    org.store.put('PermissionSet', {
      Id: id,
      Name: name,
      Label: label,
      Description: description ?? null,
      Type: 'Regular',
      IsCustom: true,
      SystemModstamp: now,
    })
    if (before || !assignNew) continue
    org.store.put('PermissionSetAssignment', {
      Id: makeId('0Pa', org.store.nextSequence('PermissionSetAssignment')),
      AssigneeId: org.userId,
      PermissionSetId: id,
      IsActive: true,
      SystemModstamp: now,
    })
  }
  const lost = new Set([...known].flatMap(([name, row]) => (metadata.permissionSets[String(name)] ? [] : [row.Id])))
  if (lost.size === 0) return
  dropRows(org, 'PermissionSetAssignment', (row) => lost.has(String(row['PermissionSetId'])))
  org.store.drop('PermissionSet', lost)
}

const dropData = (org: Parts, before: Metadata, next: Metadata): void => {
  for (const name of Object.keys(before.objects)) if (!next.objects[name]) dropRows(org, name, () => true)
  for (const [fullName, { object, field }] of Object.entries(before.fields)) {
    if (next.fields[fullName] || (before.objects[object] && !next.objects[object])) continue
    for (const row of rowsOf(org, object)) {
      if ((row[field.name] ?? null) === null) continue
      const { [field.name]: _, ...rest } = row
      org.store.put(object, { ...rest, Id: row.Id })
    }
  }
}

/**
 * The metadata of a running org. Permission sets are assigned through rows of `PermissionSetAssignment`, as in Salesforce:
 * those the org starts with are assigned to the integration user, those deployed later only with `assignDeployed`.
 */
export const createLiveMetadata = (
  org: Parts,
  options: SchemaOptions,
  { start, around, assignDeployed }: { start: Metadata; around: Surroundings; assignDeployed: boolean },
): LiveMetadata => {
  let current = start
  let access = accessOf(options, [])
  let schema = buildSchema(options, current, access)
  const refresh = () => {
    access = accessOf(options, setsOf(org, current))
    schema = buildSchema(options, current, access)
  }
  // Tables and indexes follow the metadata; who may see what is nothing to them.
  const adopt = (next: Metadata, assignNew: boolean) => {
    current = next
    org.store.adopt(buildSchema(options, next, access).objects)
    keepSetRows(org, next, assignNew)
    refresh()
  }
  const begin = () => adopt(start, true)
  begin()
  org.commits.listen(({ changes }) => {
    if (changes.some((change) => change.object === 'PermissionSetAssignment')) refresh()
  })
  return {
    current: () => current,
    channels: () => channelsOf(current),
    schema: () => schema,
    access: () => access,
    surroundings: around,
    replace: (next) => {
      dropData(org, current, next)
      adopt(next, assignDeployed)
    },
    refresh,
    save: () => current,
    load: (saved) => adopt(saved as Metadata, false),
    clear: begin,
  }
}
