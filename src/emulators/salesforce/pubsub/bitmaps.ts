import type { EventField } from './event-schema.ts'

const hex = (bits: bigint): string => {
  const digits = bits.toString(16).toUpperCase()
  return `0x${digits.length % 2 === 0 ? digits : `0${digits}`}`
}

/** Whether the field stands in the event as its plain text rather than in parts. */
export const standsPlain = (field: EventField, person: boolean): boolean =>
  'record' in field && field.plain !== undefined && !person

/**
 * The bitmaps of a header: the first for whole fields, then one for each compound field with a changed part, as
 * `position-0x..`; the lowest bit is position 0, which is the header itself. Without a whole field there is no first one:
 * the decoders in Salesforce's examples look whether it is there.
 * @param sources fields of the object
 */
export const bitmapsOf = (
  fields: readonly EventField[],
  sources: ReadonlySet<string>,
  person: boolean = false,
): string[] => {
  let whole = 0n
  const compound: string[] = []
  for (const [i, field] of fields.entries()) {
    const position = i + 1
    const single = 'source' in field ? field.source : standsPlain(field, person) ? field.plain : undefined
    if (single !== undefined) {
      if (sources.has(single)) whole |= 1n << BigInt(position)
      continue
    }
    if (!('parts' in field)) continue
    let parts = 0n
    for (const [j, part] of field.parts.entries()) if (sources.has(part.source)) parts |= 1n << BigInt(j)
    if (parts !== 0n) compound.push(`${position}-${hex(parts)}`)
  }
  return whole === 0n ? compound : [hex(whole), ...compound]
}

/** The names that bitmaps stand for, parts as `MailingAddress.City`. */
export const namesIn = (fields: readonly EventField[], bitmaps: readonly string[]): string[] =>
  bitmaps.flatMap((bitmap) => {
    const [, position, digits = '0'] = /^(?:(\d+)-)?0x([0-9A-F]+)$/.exec(bitmap) ?? []
    const bits = BigInt(`0x${digits}`)
    const parent = position === undefined ? undefined : fields[Number(position) - 1]
    if (position === undefined) return fields.flatMap((field, i) => ((bits >> BigInt(i + 1)) & 1n ? [field.name] : []))
    if (!parent || !('parts' in parent)) return []
    return parent.parts.flatMap((part, i) => ((bits >> BigInt(i)) & 1n ? [`${parent.name}.${part.name}`] : []))
  })
