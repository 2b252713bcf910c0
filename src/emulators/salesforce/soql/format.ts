import type { Field } from '../schema.ts'
import type { Value } from '../store.ts'
import { isNumber } from './traits.ts'

/** How FORMAT shows the values of a field: as the user interface would in English (United States), in UTC, in dollars. */
export const formatter = (field: Field): ((value: Value) => Value) => {
  const digits = { minimumFractionDigits: field.scale, maximumFractionDigits: Math.max(field.scale, 2) }
  const number = new Intl.NumberFormat('en-US', {
    ...digits,
    ...(field.type === 'currency' ? { style: 'currency', currency: 'USD' } : {}),
  })
  const day = new Intl.DateTimeFormat('en-US', { year: 'numeric', month: 'numeric', day: 'numeric', timeZone: 'UTC' })
  const time = new Intl.DateTimeFormat('en-US', { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' })
  return (value) => {
    if (value === null) return null
    if (isNumber(field.type)) return number.format(Number(value))
    if (field.type === 'date') return day.format(new Date(`${String(value)}T00:00:00Z`))
    if (field.type === 'datetime') return `${day.format(Number(value))}, ${time.format(Number(value))}`
    return value
  }
}
