/**
 * Record ids: 15 case-sensitive characters (three of key prefix, then base 62), plus three that encode the case of the
 * fifteen, so that the 18-character form survives tools that ignore case. Error texts quote the short form.
 */
const suffixAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const shape = /^[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?$/

const suffixOf = (id15: string): string => {
  let suffix = ''
  for (let chunk = 0; chunk < 3; chunk++) {
    let bits = 0
    for (let i = 0; i < 5; i++) {
      const code = id15.charCodeAt(chunk * 5 + i)
      if (code >= 65 && code <= 90) bits |= 1 << i
    }
    suffix += suffixAlphabet[bits]
  }
  return suffix
}

/** The 18-character form of a 15- or 18-character id; undefined for what is no id, a wrong case checksum included. */
export const toId18 = (id: string): string | undefined => {
  if (!shape.test(id)) return undefined
  const id15 = id.slice(0, 15)
  const id18 = id15 + suffixOf(id15)
  return id.length === 15 || id === id18 ? id18 : undefined
}

/** The form that error texts quote. */
export const toId15 = (id: string): string => id.slice(0, 15)

const made = Buffer.alloc(18)

/**
 * The id of the `sequence`th record under a key prefix. Ids of one prefix sort in the order of their making.
 *
 * Written into bytes rather than put together from pieces: an engine keeps the pieces of such a string, and a million ids
 * of that kind take twice the memory.
 */
export const makeId = (keyPrefix: string, sequence: number): string => {
  made.write(`${keyPrefix}Kj00`, 'latin1')
  for (let left = sequence, i = 14; i > 6; i--, left = Math.floor(left / 62)) made[i] = base62.charCodeAt(left % 62)
  made.write(suffixOf(made.toString('latin1', 0, 15)), 15, 'latin1')
  return made.toString('latin1')
}
