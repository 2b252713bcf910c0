import { z } from 'zod'
import type { Call, Reply, Route, Work } from '../api.ts'
import { refused } from '../errors.ts'
import type { ObjectType } from '../schema.ts'
import { everything, isFieldGroup, mostFound, parseSosl, readTargets, runSearch, type Search } from '../soql/sosl.ts'
import { readTokens } from '../soql/tokens.ts'
import { isSearchable } from './object-traits.ts'

const searchable = (call: Call): ObjectType[] => call.org.schema.objects.filter(isSearchable)

// Since v37 the records are in an object; before they were the whole answer (REST guide, Search).
const answer = (call: Call, search: Search): Reply => {
  const records = runSearch(call.org, search, { version: call.version, isSearchable })
  return { status: 200, body: Number(call.version) >= 37 ? { searchRecords: records } : records }
}

const search = (call: Call): Work => ({
  run: () => {
    const sosl = call.query.get('q')
    if (sosl === null) throw refused('MALFORMED_SEARCH', 'Required parameter q is missing')
    return answer(call, parseSosl(sosl, searchable(call)))
  },
})

const targetSchema = z.object({
  name: z.string(),
  fields: z.array(z.string()).optional(),
  where: z.string().optional(),
  orderBy: z.string().optional(),
  limit: z.number().int().positive().optional(),
})
const bodySchema = z.object({
  q: z.string(),
  in: z.string().optional(),
  fields: z.array(z.string()).optional(),
  sobjects: z.array(targetSchema).optional(),
  overallLimit: z.number().int().positive().optional(),
  defaultLimit: z.number().int().positive().optional(),
})
type Asked = z.infer<typeof bodySchema>

/** The same as a RETURNING clause. */
const returning = (asked: Asked): string | undefined =>
  asked.sobjects
    ?.map(({ name, fields = asked.fields ?? ['Id'], where, orderBy, limit = asked.defaultLimit }) => {
      const clauses = [
        fields.join(', '),
        where && `WHERE ${where}`,
        orderBy && `ORDER BY ${orderBy}`,
        limit && `LIMIT ${limit}`,
      ]
      return `${name}(${clauses.filter(Boolean).join(' ')})`
    })
    .join(', ')

const toSearch = (call: Call, asked: Asked): Search => {
  const group = (asked.in ?? 'ALL').toUpperCase().replace(/ FIELDS$/, '')
  if (!isFieldGroup(group)) throw refused('INVALID_SEARCH_SCOPE', `invalid search scope: ${asked.in}`)
  const text = returning(asked)
  const targets = text ? { text, targets: readTargets(readTokens(text)) } : everything(searchable(call))
  // Here the term is plain text: braces that SOSL needs around it are not part of it.
  const term = asked.q.replaceAll(/[{}]/g, ' ')
  return { term, group, limit: Math.min(asked.overallLimit ?? mostFound, mostFound), ...targets }
}

const parameterized = (call: Call): Work => ({
  run: () => {
    const read = bodySchema.safeParse(call.body)
    if (!read.success) throw refused('JSON_PARSER_ERROR', z.prettifyError(read.error))
    return answer(call, toSearch(call, read.data))
  },
})

const readList = (value: string | null): string[] | undefined => value?.split(',').map((each) => each.trim())

// `?q=acme&sobject=Account&Account.fields=id,name&Account.limit=10`
const fromQuery = ({ query }: Call): Asked => {
  const q = query.get('q')
  if (q === null) throw refused('MALFORMED_SEARCH', 'Required parameter q is missing')
  const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined)
  const sobjects = query.getAll('sobject').map((name) => ({
    name,
    fields: readList(query.get(`${name}.fields`)),
    where: query.get(`${name}.where`) ?? undefined,
    orderBy: query.get(`${name}.orderBy`) ?? undefined,
    limit: number(`${name}.limit`),
  }))
  return bodySchema.parse({
    q,
    in: query.get('in') ?? undefined,
    fields: readList(query.get('fields')),
    ...(sobjects.length > 0 ? { sobjects } : {}),
    overallLimit: number('overallLimit'),
    defaultLimit: number('defaultLimit'),
  })
}

const parameterizedByQuery = (call: Call): Work => ({ run: () => answer(call, toSearch(call, fromQuery(call))) })

/** SOSL, and search without it. */
export const searchRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/search', kind: 'search', prepare: search },
  { method: 'GET', pattern: '/parameterizedSearch', kind: 'search', prepare: parameterizedByQuery },
  { method: 'POST', pattern: '/parameterizedSearch', kind: 'search', prepare: parameterized },
]
