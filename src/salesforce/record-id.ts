const SUFFIX_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'

/**
 * A record id in its 18-character form. The 15-character form tells records apart by letter case alone; the three characters that the long
 * form adds are one checksum of upper-case letters per five characters, so that ids can be compared without minding case.
 * Error texts quote 15 characters, answers carry 18. Anything that is not a 15-character id comes back unchanged.
 */
export const to18 = (id: string): string => {
  if (id.length !== 15) return id
  let suffix = ''
  for (let block = 0; block < 15; block += 5) {
    let bits = 0
    for (let i = 0; i < 5; i++) {
      const code = id.charCodeAt(block + i)
      if (code >= 65 && code <= 90) bits |= 1 << i
    }
    suffix += SUFFIX_ALPHABET[bits]
  }
  return id + suffix
}
