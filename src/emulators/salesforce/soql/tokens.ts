import { malformed } from './complaints.ts'

export type Token = {
  kind: 'name' | 'text' | 'number' | 'date' | 'datetime' | 'symbol' | 'end'
  text: string
  at: number
}

/** The words of a query, one after the other. Keywords are compared without regard to case. */
export type Tokens = {
  soql: string
  peek: (ahead?: number) => Token
  next: () => Token
  /** Whether the next tokens are these words or symbols; they are taken if so. */
  take: (...words: string[]) => boolean
  is: (...words: string[]) => boolean
  /** @throws RequestFailure MALFORMED_QUERY when the next token is not this one */
  expect: (word: string) => Token
  /** What to throw about the next token. */
  unexpected: () => Error
}

const shapes: readonly [Token['kind'] | 'space', RegExp][] = [
  ['space', /\s+/y],
  ['datetime', /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})/y],
  ['date', /\d{4}-\d{2}-\d{2}(?![\dT])/y],
  ['number', /[+-]?(?:\d+(?:\.\d*)?|\.\d+)/y],
  ['text', /'(?:[^'\\]|\\[\s\S])*'/y],
  ['name', /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/y],
  ['symbol', /<=|>=|!=|<>|[=<>(),:]/y],
]

const split = (soql: string): Token[] => {
  const tokens: Token[] = []
  let at = 0
  while (at < soql.length) {
    let found = ''
    for (const [kind, shape] of shapes) {
      shape.lastIndex = at
      found = shape.exec(soql)?.[0] ?? ''
      if (found === '') continue
      if (kind !== 'space') tokens.push({ kind, text: found, at })
      break
    }
    if (found === '') {
      const rest = `line 1:${at}`
      throw malformed(
        soql[at] === "'"
          ? `${rest} mismatched character '<EOF>' expecting '''`
          : `${rest} no viable alternative at character '${soql[at]}'`,
      )
    }
    at += found.length
  }
  return tokens
}

/** @throws RequestFailure MALFORMED_QUERY for a character that begins no word */
export const readTokens = (soql: string): Tokens => {
  const tokens = split(soql)
  const end: Token = { kind: 'end', text: '<EOF>', at: soql.length }
  let position = 0
  const peek = (ahead = 0): Token => tokens[position + ahead] ?? end
  const unexpected = (): Error => malformed(`unexpected token: '${peek().text}'`)
  const is = (...words: string[]): boolean =>
    words.every((word, i) => {
      const token = peek(i)
      return (token.kind === 'name' || token.kind === 'symbol') && token.text.toUpperCase() === word
    })
  const next = (): Token => {
    const token = peek()
    position++
    return token
  }
  return {
    soql,
    peek,
    next,
    is,
    take: (...words) => {
      if (!is(...words)) return false
      position += words.length
      return true
    },
    expect: (word) => {
      if (!is(word)) throw unexpected()
      return next()
    },
    unexpected,
  }
}
