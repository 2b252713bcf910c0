/**
 * JSON with one element on a line, so that neither writing nor reading needs a text of everything at once: Node's longest text has half a
 * gigabyte, and a million records have more. Any JSON reader can read it; `readLines` reads only what `writePieces` has written.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

type Holder = unknown[] | Record<string, unknown>

/** The JSON of a value in pieces: lists and objects get a line for each element, down to the given depth. */
export function* writePieces(value: unknown, depth: number): Generator<string> {
  if (depth === 0 || typeof value !== 'object' || value === null) {
    yield JSON.stringify(value) ?? 'null'
    return
  }
  const isList = Array.isArray(value)
  yield isList ? '[' : '{'
  let first = true
  for (const [key, element] of Object.entries(value) as [string, unknown][]) {
    if (!isList && element === undefined) continue
    yield `${first ? '' : ','}\n${isList ? '' : `${JSON.stringify(key)}:`}`
    first = false
    yield* writePieces(element, depth - 1)
  }
  yield isList ? '\n]' : '\n}'
}

const put = (holder: Holder, key: string, value: unknown): void => {
  if (Array.isArray(holder)) holder.push(value)
  // A key such as __proto__ is a key like any other.
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

/**
 * The value that was written, from its lines.
 * @throws SyntaxError for lines that `writePieces` cannot have written
 */
export const readLines = (lines: Iterable<string>): unknown => {
  const root: unknown[] = []
  const open: Holder[] = [root]
  for (const line of lines) {
    const holder = open.at(-1) ?? root
    const text = line.endsWith(',') ? line.slice(0, -1) : line
    if (text === '}' || text === ']') {
      if (open.length < 2 || Array.isArray(holder) !== (text === ']')) throw new SyntaxError(`unexpected ${text}`)
      open.pop()
      continue
    }
    const quoted = Array.isArray(holder) ? '' : (/^"(?:[^"\\]|\\.)*":/.exec(text)?.[0] ?? '')
    if (quoted === '' && !Array.isArray(holder)) throw new SyntaxError(`no name in ${text.slice(0, 40)}`)
    const key = quoted === '' ? '' : (JSON.parse(quoted.slice(0, -1)) as string)
    const rest = text.slice(quoted.length)
    const opened: Holder | undefined = rest === '{' ? {} : rest === '[' ? [] : undefined
    put(holder, key, opened ?? (JSON.parse(rest) as unknown))
    if (opened) open.push(opened)
  }
  if (open.length !== 1 || root.length !== 1) throw new SyntaxError('the end is missing')
  return root[0]
}

/** The lines of a file, without those that are empty; a megabyte at a time. */
export function* linesOf(file: string): Generator<string> {
  const handle = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(1 << 20)
    const decoder = new StringDecoder('utf8')
    let begun = ''
    for (let read = readSync(handle, buffer); read > 0; read = readSync(handle, buffer)) {
      const lines = (begun + decoder.write(buffer.subarray(0, read))).split('\n')
      begun = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield line
    }
    if (begun !== '') yield begun
  } finally {
    closeSync(handle)
  }
}
