/**
 * What a name in a filter expression stands for, and which operators and values may stand beside it.
 *
 * A filter sees the fields of the event, not those of the object: an address or a name by its part (`BillingAddress.City`,
 * `Name.LastName`), nothing that events leave out (`IsDeleted`), nothing of another record (`Owner.Name`), no long text.
 * (Change Data Capture guide, Filter Expression Format and Field Considerations; the words of refusals are those that
 * forcedotcom/sf-skills recorded from deploys.)
 */
import type { Field } from '../schema.ts'
import { isLongText } from './event-schema.ts'
import { compoundOf, fieldOrder } from './field-order.ts'

export type Literal = string | number | boolean | null
export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like' | 'in' | 'not in'
type Kind = 'text' | 'id' | 'flag' | 'number' | 'date' | 'datetime' | 'time'
/** A field of the object's row, or of the event's header. */
export type Named = { field: string; header: boolean; caseless: boolean; kind: Kind }

/** The object that a filter is about, as far as reading one needs it. */
export type FilteredObject = { name: string; fields: readonly Field[] }

const headerKinds: Readonly<Record<string, Kind>> = {
  entityName: 'text',
  changeType: 'text',
  changeOrigin: 'text',
  transactionKey: 'text',
  sequenceNumber: 'number',
  commitTimestamp: 'number',
  commitNumber: 'number',
  commitUser: 'text',
}
const listFields: ReadonlySet<string> = new Set(['recordids', 'nulledfields', 'difffields', 'changedfields'])

const kindOf = ({ type }: Field): Kind => {
  if (type === 'boolean') return 'flag'
  if (type === 'reference') return 'id'
  if (type === 'int' || type === 'double' || type === 'currency' || type === 'percent') return 'number'
  return type === 'date' || type === 'datetime' || type === 'time' ? type : 'text'
}

const invalid = (name: string): Error => new Error(`The ${name} field in the filter expression is invalid.`)

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const headerField = (name: string): Named => {
  const short = name.slice(name.indexOf('.') + 1)
  const field = Object.keys(headerKinds).find((each) => sameName(each, short))
  const kind = field === undefined ? undefined : headerKinds[field]
  if (field === undefined || kind === undefined)
    throw listFields.has(short.toLowerCase()) ? new Error(`${name} is a list, which no filter can use`) : invalid(name)
  return { field, header: true, caseless: true, kind }
}

/** The field of the object behind a part of a compound field; undefined when there is no such part. */
const partSource = (object: FilteredObject, parent: string, part: string): string | undefined => {
  const known = fieldOrder(object.name)?.find((each) => sameName(each, parent))
  const parts = known === undefined ? [] : (compoundOf(object.name, known)?.parts ?? [])
  return parts.find(({ name }) => sameName(name, part))?.source
}

const isInEvent = (object: FilteredObject, field: Field): boolean =>
  field.custom || fieldOrder(object.name)?.includes(field.name) === true

/**
 * The field that a name stands for.
 * @throws Error in the words of a deploy
 */
export const filterField = (object: FilteredObject, name: string): Named => {
  if (/^where$/i.test(name)) throw new Error(`filter expression has syntax errors: unexpected token: '${name}'`)
  if (/^ChangeEventHeader\./i.test(name)) return headerField(name)
  const [first = '', part, ...more] = name.split('.')
  if (more.length > 0) throw invalid(name)
  const source = part === undefined ? first : partSource(object, first, part)
  const field = source === undefined ? undefined : object.fields.find((each) => sameName(each.name, source))
  const compound = part === undefined ? compoundOf(object.name, field?.name ?? first) : undefined
  // An Account's name is a text, unless it is that of a person.
  if (
    compound &&
    compound.record !== 'Switchable_PersonName' &&
    fieldOrder(object.name)?.includes(field?.name ?? first)
  )
    throw new Error(`Compound field ${first} has to be used with a component field in a filter expression`)
  if (!field || isLongText(field) || (part === undefined && !isInEvent(object, field))) throw invalid(name)
  return { field: field.name, header: false, caseless: !field.caseSensitive, kind: kindOf(field) }
}

const patterns: Readonly<Partial<Record<Kind, RegExp>>> = {
  date: /^\d{4}-\d\d-\d\d$/,
  datetime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/,
  time: /^\d\d:\d\d:\d\dZ$/,
}

const unexpected = (token: string): Error =>
  new Error(`filter expression has syntax errors: unexpected token: '${token}'`)

const numberOf = (token: string): number => {
  const value = Number(token)
  if (!token.includes('.') && Math.abs(value) > 2_147_483_647)
    throw new Error(`A number format error occurred: ${token}. Append .0 to make it a decimal number.`)
  return value
}

/**
 * The value that a token stands for beside a field. Words such as TODAY, functions and other fields are none.
 * @throws Error for one that does not go with the field
 */
export const filterValue = ({ kind }: Named, token: string): Literal => {
  if (/^null$/i.test(token)) return null
  if (kind === 'text' || kind === 'id') {
    if (!token.startsWith("'")) throw unexpected(token)
    return token.slice(1, -1).replace(/\\(.)/g, '$1')
  }
  if (kind === 'flag') {
    if (!/^(?:true|false)$/i.test(token)) throw unexpected(token)
    return token.toLowerCase() === 'true'
  }
  if (kind === 'number') {
    if (!/^[-+]?\d+(?:\.\d+)?$/.test(token)) throw unexpected(token)
    return numberOf(token)
  }
  if (!patterns[kind]?.test(token)) throw unexpected(token)
  return kind === 'datetime' ? Date.parse(token) : token
}

/** @throws Error when the operator does not go with the field or the values */
export const checkOperator = (named: Named, operator: Operator, values: readonly Literal[]): void => {
  const equality = operator === '=' || operator === '!='
  if (!equality && (named.kind === 'flag' || values.includes(null)))
    throw new Error('Only equality operators are supported for this field type or value.')
  if (operator === 'like' && named.kind !== 'text')
    throw new Error(`The LIKE operator is not supported for the field ${named.field}`)
}
