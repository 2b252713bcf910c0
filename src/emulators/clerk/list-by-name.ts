import { type ClerkContext, compareBy, type ListPage, pageOf, readOrder, readPage } from './request.ts'

type Named = { id: string; seq: number; name: string; key: string; created_at: number }

/** A page of permissions, roles or role sets: `query` finds an id exactly, names and keys in part. */
export const listByName = <T extends Named>(records: readonly T[], c: ClerkContext): ListPage<T> => {
  const order = readOrder(c, ['created_at', 'name', 'key'], { key: 'created_at', descending: true })
  const query = c.req.query('query')
  const part = query?.toLowerCase()
  const matching = records.filter(
    ({ id, name, key }) => !part || id === query || name.toLowerCase().includes(part) || key.includes(part),
  )
  return pageOf(matching.sort(compareBy((record) => record[order.key], order.descending)), readPage(c))
}
