/** A field of an event's schema, by position; position 0 is the header. */
export type EventField = {
  name: string
  /** Of a compound field, such as `FirstName` and `LastName` of `Name`. */
  parts: readonly string[]
}

type Bitmap = { position: number | undefined; bits: bigint }

/** `0x0C` is about whole fields, `3-0x06` about the parts of the field at position 3. */
const readBitmap = (text: string): Bitmap | undefined => {
  const match = /^(?:(\d{1,6})-)?(0x[0-9A-Fa-f]+)$/.exec(text)
  if (!match?.[2]) return undefined
  return { position: match[1] === undefined ? undefined : Number(match[1]), bits: BigInt(match[2]) }
}

/** The positions of the bits that are set, the lowest bit first. */
const positionsIn = (bits: bigint): number[] =>
  [...bits.toString(2)].reverse().flatMap((digit, position) => (digit === '1' ? [position] : []))

/**
 * What queries call a part: `FirstName` of `Name`, `MailingCity` of `MailingAddress`, `Site__City__s` of the custom address `Site__c`
 * (Object Reference, Compound Fields).
 */
const nameOfPart = (field: string, part: string): string => {
  if (field.endsWith('__c')) return `${field.slice(0, -'__c'.length)}__${part}__s`
  return field.endsWith('Address') ? field.slice(0, -'Address'.length) + part : part
}

const whole = ({ name, parts }: EventField): string[] => [name, ...parts.map((part) => nameOfPart(name, part))]

/** The names that one bitmap stands for; undefined where it points beyond the schema. */
const namesIn = (fields: readonly EventField[], { position, bits }: Bitmap): string[] | undefined => {
  const names: string[] = []
  const compound = position === undefined ? undefined : fields[position]
  if (position !== undefined && compound === undefined) return undefined
  for (const each of positionsIn(bits)) {
    const part = compound?.parts[each]
    const field = compound === undefined ? fields[each] : undefined
    if (compound !== undefined && part !== undefined) names.push(compound.name, nameOfPart(compound.name, part))
    else if (field !== undefined) names.push(...whole(field))
    else return undefined
  }
  return names
}

/**
 * The names of the fields that bitmaps of a change event's header stand for (Change Data Capture guide, Event Fields as Bitmap Fields).
 *
 * Each bitmap is read by itself: the bit of a compound field need not be set for its parts to count. A changed part counts as its field too,
 * and a changed field as all its parts, so that whoever looks for either name finds it. A schema may have more than 64 fields.
 * @returns undefined where a bitmap does not fit the schema, or where none says anything: then every field may have changed
 */
export const changedFieldsIn = (
  fields: readonly EventField[],
  bitmaps: readonly string[],
): readonly string[] | undefined => {
  const names = new Set<string>()
  for (const text of bitmaps) {
    const bitmap = readBitmap(text)
    const found = bitmap && namesIn(fields, bitmap)
    if (!found) return undefined
    for (const name of found) names.add(name)
  }
  return names.size === 0 ? undefined : [...names]
}
