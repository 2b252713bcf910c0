import type { Call, Route, Work } from '../api.ts'

// REST API Developer Guide, Record Count: "approximate counts", those in the recycle bin left out; objects that do not exist
// or that the user cannot see are left out as well.
const counts = (call: Call): Work => ({
  run: () => {
    const { schema, store } = call.org
    const wanted = (call.query.get('sObjects') ?? '').split(',').filter((name) => name !== '')
    const objects = wanted.length === 0 ? schema.objects : wanted.flatMap((name) => schema.find(name.trim()) ?? [])
    const sObjects = objects
      .filter((object) => object.queryable)
      .map(({ name }) => ({ count: store.ids(name).length - store.bin(name).size, name }))
    return { status: 200, body: { sObjects } }
  },
})

/** How many records there are, for whoever wants no more than that. */
export const recordCountRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/limits/recordCount', kind: 'limits', prepare: counts },
]
