import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { isJsonObject } from '../records/read-record.ts'
import { LoadFailure, openCsv, type Table } from './csv-file.ts'
import type { ClassicJob } from './jobs.ts'

// Batches of Bulk API 1.0 come as CSV, JSON or XML. JSON and XML are read into the columns and cells of a CSV file, so that one
// way of loading knows one form: null is #N/A there, what is absent is empty, a parent is a column with a dot.

type Flat = ReadonlyMap<string, string>

const emptied = '#N/A'

const cellOf = (value: unknown): string => (value === null ? emptied : String(value))

const flatten = (record: Readonly<Record<string, unknown>>): Flat => {
  const cells = new Map<string, string>()
  for (const [name, value] of Object.entries(record)) {
    if (name === 'attributes') continue
    if (!isJsonObject(value)) cells.set(name, cellOf(value))
    else
      for (const [key, inner] of Object.entries(value))
        if (key !== 'attributes') cells.set(`${name}.${key}`, cellOf(inner))
  }
  return cells
}

const tableOf = (records: readonly Flat[]): Table => {
  const header = [...new Set(records.flatMap((record) => [...record.keys()]))]
  return {
    header,
    headerText: header.join(','),
    count: records.length,
    row: (index) => ({ cells: header.map((name) => records[index]?.get(name) ?? ''), fault: undefined }),
    rowText: (index) => header.map((name) => records[index]?.get(name) ?? '').join(','),
  }
}

const readJson = (text: string): Table => {
  let json: unknown
  try {
    json = JSON.parse(text) as unknown
  } catch {
    throw new LoadFailure('InvalidBatch : Failed to parse JSON')
  }
  if (!Array.isArray(json) || !json.every(isJsonObject))
    throw new LoadFailure('InvalidBatch : The batch must be a list of records')
  return tableOf(json.map(flatten))
}

const parser = new XMLParser({
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  isArray: (_, path) => path === 'sObjects.sObject',
})

const isNil = (value: unknown): boolean => isJsonObject(value) && value['@nil'] === 'true'

const fromXml = (element: unknown): Readonly<Record<string, unknown>> => {
  if (!isJsonObject(element)) return {}
  const record: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(element)) {
    if (name.startsWith('@') || name === 'type' || name === '#text') continue
    if (isNil(value)) record[name] = null
    else if (isJsonObject(value)) record[name] = 'sObject' in value ? fromXml(value['sObject']) : (value['#text'] ?? '')
    else record[name] = value
  }
  return record
}

const readXmlBatch = (text: string): Table => {
  if (XMLValidator.validate(text) !== true) throw new LoadFailure('InvalidBatch : Failed to parse XML')
  const root = (parser.parse(text) as Record<string, unknown>)['sObjects']
  const records = isJsonObject(root) ? root['sObject'] : undefined
  if (!Array.isArray(records)) throw new LoadFailure('InvalidBatch : The batch must be a list of sObjects')
  return tableOf(records.map((record) => flatten(fromXml(record))))
}

/** The records of a batch. @throws LoadFailure for content that cannot be read */
export const openBatch = (content: Uint8Array, contentType: ClassicJob['contentType']): Table => {
  if (contentType === 'CSV') return openCsv(content, { columnDelimiter: 'COMMA' })
  const text = new TextDecoder().decode(content)
  return contentType === 'JSON' ? readJson(text) : readXmlBatch(text)
}
