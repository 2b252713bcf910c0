import { backwards, type Inside, pickRecords, type ShownEvent } from '../page/inside.ts'
import type { Commit } from './commits.ts'
import type { Org } from './org.ts'
import { showRow } from './person.ts'
import { showValue } from './records/values.ts'
import type { Row } from './store.ts'

const columnsWanted = ['Id', 'Name', 'Email', 'AccountId', 'ContactId', 'IsDirect', 'IsActive', 'LastModifiedDate']
const keptCommits = 100

const verbOf = (before: Row | undefined, after: Row): string => {
  const was = before?.['IsDeleted'] === true
  const is = after['IsDeleted'] === true
  return !before ? 'CREATE' : is && !was ? 'DELETE' : was && !is ? 'UNDELETE' : 'UPDATE'
}

/** One event for each kind of change to each object, as the bus would group them. */
const eventsOf = (commit: Commit, number: number): ShownEvent[] => {
  const groups = new Map<string, string[]>()
  for (const { object, id, before, after } of commit.changes) {
    const key = `${object} ${verbOf(before, after)}`
    const ids = groups.get(key)
    if (ids) ids.push(id)
    else groups.set(key, [id])
  }
  return [...groups].map(([type, ids], i) => ({
    id: `${number}.${i}`,
    at: commit.at,
    type,
    about: `${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ` and ${ids.length - 3} more` : ''}`,
    state: 'none',
    attempts: [],
  }))
}

/** What the page shows of an org. */
export const insideOrg = (org: Org): Inside => {
  let commits = 0
  let recent: ShownEvent[] = []
  org.commits.listen((commit) => {
    recent = [...eventsOf(commit, ++commits), ...recent].slice(0, keptCommits)
  })
  return {
    emulator: 'salesforce',
    title: 'Salesforce emulator',
    about:
      'A Salesforce org in memory. Give its address to a client as login and instance address; the REST API is under /services/data.',
    objects: () => org.schema.objects.map(({ name }) => ({ name, count: org.store.ids(name).length })),
    newest: (objectName, search, limit) => {
      const object = org.schema.find(objectName)
      if (!object) return undefined
      const columns = columnsWanted.filter((name) => object.byName.has(name.toLowerCase()))
      const rows = function* (): Generator<Row> {
        for (const id of backwards(org.store.ids(object.name))) {
          const row = org.store.get(object.name, id)
          if (row) yield row
        }
      }
      const show = (row: Row) => ({
        id: row.Id,
        cells: columns.map((name) => {
          const field = object.byName.get(name.toLowerCase())
          return field ? String(showValue(field, row[field.name]) ?? '') : ''
        }),
        ...(row['IsDeleted'] === true && { deleted: true as const }),
      })
      return { columns, ...pickRecords(rows(), show, search, limit) }
    },
    record: (objectName, id) => {
      const object = org.schema.find(objectName)
      const row = object && org.store.get(object.name, id)
      if (!object || !row) return undefined
      return {
        fields: object.fields.map((field) => ({
          name: field.name,
          value: String(showValue(field, row[field.name]) ?? ''),
          ...(!field.visible && { note: 'hidden from the API: no permission' }),
        })),
        json: showRow(object, row),
      }
    },
    eventsTitle: 'Changes',
    events: (limit) => recent.slice(0, limit),
    forget: () => {
      recent = []
    },
  }
}
