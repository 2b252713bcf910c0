import { XMLParser, XMLValidator } from 'fast-xml-parser'
import type { RawBody, Reply } from '../api.ts'
import { RecordFailure, RequestFailure } from '../errors.ts'
import { isJsonObject } from '../records/read-record.ts'
// How Bulk API 1.0 speaks: XML, or JSON to those who speak it. Its errors have a shape and codes of their own.

export type Format = 'json' | 'xml'

export const formatOf = (header: string | undefined): Format => (/\bjson\b/i.test(header ?? '') ? 'json' : 'xml')

/** What a caller's headers say of the languages it speaks. */
export const languagesOf = (header: (name: string) => string | undefined): string =>
  `${header('accept') ?? ''} ${header('content-type') ?? ''}`

/** 400 with a code of Bulk API 1.0. */
export const oneFailure = (code: string, message: string): RequestFailure => new RequestFailure(400, code, message)

const namespace = 'http://www.force.com/2009/06/asyncapi/dataload'

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

type Content = { readonly [name: string]: unknown }

const elements = (content: Content): string =>
  Object.entries(content)
    .flatMap(([name, value]): string[] => {
      if (value === undefined) return []
      if (Array.isArray(value)) return value.map((each) => element(name, each))
      return [element(name, value)]
    })
    .join('')

const element = (name: string, value: unknown): string =>
  `<${name}>${isJsonObject(value) ? elements(value) : escaped(String(value))}</${name}>`

const xml = (root: string, content: Content): string =>
  `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="${namespace}">${elements(content)}</${root}>`

/**
 * A reply in the caller's language.
 * @param json what JSON says, where it differs from the XML
 */
export const formatted = (
  format: Format,
  status: number,
  [root, content]: readonly [string, Content],
  json: unknown = content,
): Reply =>
  format === 'json' ? { status, body: json } : { status, raw: { type: 'application/xml', content: xml(root, content) } }

// Codes of the other APIs, as this one calls them (Bulk API guide, Errors).
const codes: Readonly<Record<string, string>> = {
  INVALID_SESSION_ID: 'InvalidSessionId',
  NOT_FOUND: 'InvalidUrl',
  METHOD_NOT_ALLOWED: 'MethodNotAllowed',
  REQUEST_LIMIT_EXCEEDED: 'ExceededQuota',
  URI_TOO_LONG: 'InvalidUrl',
  INVALIDJOB: 'InvalidJob',
  FEATURENOTENABLED: 'FeatureNotEnabled',
}

const codeOf = (error: RequestFailure): string => {
  const [first] = Array.isArray(error.body) ? (error.body as { errorCode?: string }[]) : []
  const code = first?.errorCode ?? 'ClientInputError'
  return codes[code] ?? (/^[A-Z][a-z]/.test(code) ? code : 'ClientInputError')
}

/** What a failure looks like here; an ended session is 400, as everything that is the caller's fault. */
export const bulkOneFailure = (error: unknown, languages: string): Reply => {
  if (!(error instanceof RequestFailure) && !(error instanceof RecordFailure)) throw error
  const exceptionCode = error instanceof RequestFailure ? codeOf(error) : 'ClientInputError'
  const exceptionMessage =
    exceptionCode === 'InvalidSessionId' ? 'Invalid session id' : error.message.replace(`${exceptionCode} : `, '')
  const status = error instanceof RequestFailure && error.status === 405 ? 405 : 400
  return formatted(formatOf(languages), status, ['error', { exceptionCode, exceptionMessage }])
}

const parser = new XMLParser({ parseTagValue: false, removeNSPrefix: true, ignoreAttributes: true })

/**
 * The properties of a `jobInfo`.
 * @throws RequestFailure InvalidXML, ClientInputError
 */
export const readJobInfo = ({ type, bytes }: RawBody): Content => {
  const text = new TextDecoder().decode(bytes).trim()
  if (formatOf(type) === 'json') {
    let json: unknown
    try {
      json = JSON.parse(text) as unknown
    } catch {
      throw oneFailure('ClientInputError', 'The request body is not JSON')
    }
    if (!isJsonObject(json)) throw oneFailure('ClientInputError', 'The request body must be a JSON object')
    return json
  }
  if (XMLValidator.validate(text) !== true) throw oneFailure('InvalidXML', 'Unable to parse the request body')
  const root = (parser.parse(text) as Content)['jobInfo']
  if (!isJsonObject(root)) throw oneFailure('InvalidXML', 'The root element must be jobInfo')
  return root
}
