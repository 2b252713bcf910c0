/**
 * What stands between the braces of FIND: words and phrases with AND, OR, AND NOT and parentheses.
 *
 * Both the term and the text are cut into tokens at blanks and punctuation, so `ann@example.com` is a phrase of three.
 * A token is found only as a whole; `*` stands for any characters, `?` for one. Words side by side must all be there
 * (SOSL reference, FIND).
 */
import { refused } from '../errors.ts'

/** Whether the tokens of a field hold what is sought. */
export type TermTest = (tokens: readonly string[]) => boolean

export const malformedSearch = (message: string): Error => refused('MALFORMED_SEARCH', message)

/** The tokens of a text. */
export const tokensOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

const wordPattern = (word: string): RegExp => {
  const source = word.replaceAll('*', '[\\p{L}\\p{N}]*').replaceAll('?', '[\\p{L}\\p{N}]')
  return new RegExp(`^${source}$`, 'u')
}

// A phrase is there when its words are, one right after the other.
const phraseTest = (text: string): TermTest => {
  const words = (text.toLowerCase().match(/[\p{L}\p{N}*?]+/gu) ?? []).map(wordPattern)
  return (tokens) =>
    words.length > 0 && tokens.some((_, start) => words.every((word, i) => word.test(tokens[start + i] ?? '')))
}

type Piece = { kind: 'word' | 'phrase' | '(' | ')' | 'AND' | 'OR' | 'NOT'; text: string }

// A phrase in quotes, a parenthesis, or what lies between blanks; a backslash takes the meaning of what follows.
const shape = /"((?:[^"\\]|\\.)*)"|([()])|((?:[^\s"()\\]|\\.)+)/g

const split = (query: string): Piece[] => {
  const pieces: Piece[] = []
  for (const [, phrase, bracket, word] of query.matchAll(shape)) {
    if (phrase !== undefined) pieces.push({ kind: 'phrase', text: phrase.replaceAll(/\\(.)/g, '$1') })
    else if (bracket !== undefined) pieces.push({ kind: bracket as '(' | ')', text: bracket })
    else if (word && /^(?:AND|OR|NOT)$/i.test(word)) pieces.push({ kind: word.toUpperCase() as 'AND', text: word })
    else pieces.push({ kind: 'word', text: (word ?? '').replaceAll(/\\(.)/g, '$1') })
  }
  return pieces
}

/**
 * Reads a search term.
 * @throws RequestFailure MALFORMED_SEARCH
 */
export const compileTerm = (query: string): TermTest => {
  const letters = query.replaceAll(/[^\p{L}\p{N}]/gu, '')
  if (letters.length < 2) throw malformedSearch(`search term must be longer than one character: ${query}`)
  const pieces = split(query)
  let at = 0
  const one = (): TermTest => {
    const piece = pieces[at++]
    if (piece?.kind === 'word' || piece?.kind === 'phrase') return phraseTest(piece.text)
    if (piece?.kind !== '(') throw malformedSearch(`unexpected token: '${piece?.text ?? '<EOF>'}'`)
    const inner = either()
    if (pieces[at++]?.kind !== ')') throw malformedSearch("expecting a right parentheses, found '<EOF>'")
    return inner
  }
  const both = (): TermTest => {
    let test = one()
    while (at < pieces.length && pieces[at]?.kind !== 'OR' && pieces[at]?.kind !== ')') {
      if (pieces[at]?.kind === 'AND') at++
      const negated = pieces[at]?.kind === 'NOT'
      if (negated) at++
      const left = test
      const right = one()
      test = (tokens) => left(tokens) && right(tokens) !== negated
    }
    return test
  }
  const either = (): TermTest => {
    let test = both()
    while (pieces[at]?.kind === 'OR') {
      at++
      const left = test
      const right = both()
      test = (tokens) => left(tokens) || right(tokens)
    }
    return test
  }
  const test = either()
  if (at < pieces.length) throw malformedSearch(`unexpected token: '${pieces[at]?.text}'`)
  return test
}
