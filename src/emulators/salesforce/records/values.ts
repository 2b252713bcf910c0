import { type RecordError, RequestFailure } from '../errors.ts'
import { toId18 } from '../ids.ts'
import { type Field, isText } from '../schema.ts'
import type { Row, Value } from '../store.ts'

// Values pass two gates, as in Salesforce. The first reads JSON: what cannot be read as the field's type spoils the whole
// request (JSON_PARSER_ERROR), since the reader fails before any record exists. The second looks at the value that was
// read (length, format, picklist) and fails the one record.

const tokenOf = (json: unknown): string => {
  if (json === null) return 'VALUE_NULL'
  if (Array.isArray(json)) return 'START_ARRAY value ['
  if (typeof json === 'object') return 'START_OBJECT value {'
  if (typeof json === 'boolean') return json ? 'VALUE_TRUE value true' : 'VALUE_FALSE value false'
  if (typeof json === 'number')
    return `${Number.isInteger(json) ? 'VALUE_NUMBER_INT' : 'VALUE_NUMBER_FLOAT'} value ${json}`
  return `VALUE_STRING value ${String(json)}`
}
const unreadable = (type: string, json: unknown): RequestFailure =>
  new RequestFailure(
    400,
    'JSON_PARSER_ERROR',
    `Cannot deserialize instance of ${type} from ${tokenOf(json)} or request may be missing a required field at [line:1, column:1]`,
  )

const dateTime = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})$/
const date = /^(\d{4})-(\d{2})-(\d{2})$/

/** Milliseconds, cut to whole seconds, which is all that Salesforce keeps; undefined for what is no date-time with a zone. */
export const readDateTime = (text: string): number | undefined => {
  // JavaScript reads 30 February as 1 March.
  if (!dateTime.test(text) || readDate(text.slice(0, 10)) === undefined) return undefined
  const at = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return Number.isNaN(at) ? undefined : Math.floor(at / 1000) * 1000
}

/** `YYYY-MM-DD` when it is a day of the calendar. */
export const readDate = (text: string): string | undefined => {
  if (!date.test(text)) return undefined
  const at = Date.parse(`${text}T00:00:00Z`)
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? undefined : text
}

const time = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?Z?$/

/** `HH:MM:SS.mmmZ`; undefined for what is no time of day. */
export const readTime = (text: string): string | undefined => {
  if (!time.test(text)) return undefined
  const [hours = '', minutes = '', seconds = '00'] = text.replace('Z', '').split(':')
  const [whole = '00', part = ''] = seconds.split('.')
  return `${hours}:${minutes}:${whole}.${part.slice(0, 3).padEnd(3, '0')}Z`
}

// In decimal digits, as multiplication by a power of ten would add digits of its own: 46.95 at 15 places.
const shifted = (value: number, places: number): number => {
  const [digits, exponent = '0'] = String(value).split('e')
  return Number(`${digits}e${Number(exponent) + places}`)
}

/** Half away from zero, at as many decimals as the field keeps. */
const rounded = ({ precision, scale }: Field, value: number): number =>
  precision === 0 || !Number.isFinite(value)
    ? value
    : Math.sign(value) * shifted(Math.round(shifted(Math.abs(value), scale)), -scale)

// Only what Java's trim takes: a non-breaking space at the end stays, and makes two names differ that look alike.
const trimmed = (text: string): string => {
  let from = 0
  let to = text.length
  while (from < to && text.charCodeAt(from) <= 32) from++
  while (to > from && text.charCodeAt(to - 1) <= 32) to--
  return text.slice(from, to)
}

// "SOQL, Apex and API access on these fields will return the values in their created order", whatever order they were sent
// in (help 000231088). Values that the list does not have come after it, as if they had been added to it.
const inListOrder = (field: Field, text: string): string | null => {
  const chosen = new Set(text.split(';').filter((value) => value !== ''))
  const known = field.picklist.filter((value) => chosen.has(value))
  const others = [...chosen].filter((value) => !field.picklist.includes(value))
  return [...known, ...others].join(';') || null
}

/**
 * First gate: the value that a JSON value means for a field. Text loses white space at both ends, and empty text is null.
 * @throws RequestFailure JSON_PARSER_ERROR
 */
export const readValue = (field: Field, json: unknown): Value => {
  // Read-only, as the check of rights will say.
  if (field.type === 'address') return null
  if (json === null || json === undefined) return null
  if (isText(field.type) || field.type === 'id' || field.type === 'reference') {
    if (typeof json !== 'string') throw unreadable('string', json)
    const text = trimmed(json)
    if (field.type === 'multipicklist') return inListOrder(field, text)
    // "Email fields, for better or for worse, automatically lowercase values" (salesforce.stackexchange.com, 246995).
    return (field.type === 'email' ? text.toLowerCase() : text) || null
  }
  if (field.type === 'boolean') {
    if (typeof json !== 'boolean') throw unreadable('boolean', json)
    return json
  }
  if (field.type === 'datetime' || field.type === 'date' || field.type === 'time') {
    if (json === '') return null
    const read = { datetime: readDateTime, date: readDate, time: readTime }[field.type]
    const value = typeof json === 'string' ? read(json) : undefined
    if (value === undefined) throw unreadable(field.type, json)
    return value
  }
  if (typeof json !== 'number' || (field.type === 'int' && !Number.isInteger(json))) {
    throw unreadable(field.type === 'int' ? 'int' : 'double', json)
  }
  return rounded(field, json)
}

// Salesforce's own rules for addresses are not published in full; this is the documented core: one @, a domain with a
// dot and no odd ones, no spaces.
const email =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$/

// SOQL and SOSL reference, Date Formats and Date Literals, Minimum and Maximum Dates.
const firstDay = Date.UTC(1700, 0, 1)
const lastDay = Date.UTC(4000, 11, 31)

const isOutsideCalendar = ({ type }: Field, value: Value): boolean => {
  const at = type === 'datetime' ? value : type === 'date' ? Date.parse(String(value)) : null
  return typeof at === 'number' && (at < firstDay || at > lastDay)
}

/** Eight digits in the whole numbers of standard fields, else eighteen in all; degrees end at poles and date line (Object Reference). */
const isTooLarge = ({ type, precision, scale, compound, name }: Field, value: number): boolean =>
  compound === undefined
    ? Math.abs(value) >= 10 ** (type === 'int' ? 8 : (precision || 18) - scale)
    : Math.abs(value) > (name.endsWith('Latitude') ? 90 : 180)

/** Second gate: what is wrong with a value of a field, if anything. */
export const checkValue = (field: Field, value: Value, keyPrefix?: string): RecordError | undefined => {
  const error = (statusCode: string, message: string): RecordError => ({ statusCode, message, fields: [field.name] })
  if (value === null) return undefined
  if (isOutsideCalendar(field, value)) {
    const at = new Date(value as string | number)
    return error('FIELD_INTEGRITY_EXCEPTION', `${field.label}: invalid date: ${at.toUTCString()}`)
  }
  if (field.type === 'datetime') return undefined
  if (typeof value === 'number' && isTooLarge(field, value))
    return error(
      'NUMBER_OUTSIDE_VALID_RANGE',
      `${field.label}: value outside of valid range on numeric field: ${value}`,
    )
  if (typeof value !== 'string') return undefined
  if (field.type === 'reference') {
    const id = toId18(value)
    return id && (!keyPrefix || id.startsWith(keyPrefix))
      ? undefined
      : error('MALFORMED_ID', `${field.label}: id value of incorrect type: ${value}`)
  }
  if (field.type === 'date' || field.type === 'time') return undefined
  if (field.length > 0 && value.length > field.length) {
    return error('STRING_TOO_LONG', `${field.label}: data value too large: ${value} (max length=${field.length})`)
  }
  if (field.type === 'email' && !email.test(value)) {
    return error('INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${value}`)
  }
  if (field.restricted) {
    const bad = (field.type === 'multipicklist' ? value.split(';') : [value]).find(
      (each) => !field.picklist.includes(each),
    )
    if (bad !== undefined) {
      return error(
        'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
        `${field.label}: bad value for restricted picklist field: ${bad}`,
      )
    }
  }
  return undefined
}

/** A value as the API shows it. */
export const showValue = (field: Field, value: Value | undefined): Value => {
  if (value === undefined || value === null) return field.type === 'boolean' ? false : null
  return field.type === 'datetime' && typeof value === 'number' ? showDateTime(value) : value
}

const addressParts = ['City', 'Country', 'GeocodeAccuracy', 'Latitude', 'Longitude', 'PostalCode', 'State', 'Street']

/** The parts of an address together; null when there is none. */
const showAddress = (field: Field, row: Row): Record<string, Value> | null => {
  const kind = field.name.slice(0, -'Address'.length)
  const parts = addressParts.map((part): [string, Value] => [
    `${part[0]?.toLowerCase()}${part.slice(1)}`,
    row[`${kind}${part}`] ?? null,
  ])
  return parts.some(([, value]) => value !== null) ? Object.fromEntries(parts) : null
}

/** A field of a record as the API shows it. */
export const showField = (field: Field, row: Row): unknown =>
  field.type === 'address' ? showAddress(field, row) : showValue(field, row[field.name])

/** `2026-01-05T09:00:00.000+0000`. */
export const showDateTime = (at: number): string => `${new Date(at).toISOString().slice(0, 23)}+0000`
