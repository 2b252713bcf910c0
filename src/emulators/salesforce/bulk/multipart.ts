/** A part of a `multipart/form-data` body. */
export type FormPart = { type: string; content: Uint8Array }

const find = (bytes: Uint8Array, text: string, from: number): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(text, from)

/**
 * The parts of a multipart body by name, as slices of it.
 * @returns undefined for a body that is not of that form
 */
export const readMultipart = (type: string, bytes: Uint8Array): ReadonlyMap<string, FormPart> | undefined => {
  const [, quotedBoundary, bare] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) ?? []
  const boundary = quotedBoundary ?? bare
  if (boundary === undefined) return undefined
  const parts = new Map<string, FormPart>()
  const mark = `--${boundary}`
  let at = find(bytes, mark, 0)
  while (at >= 0) {
    const next = find(bytes, mark, at + mark.length)
    if (next < 0) return parts.size > 0 ? parts : undefined
    // Lines end in CRLF by the standard; Salesforce's own samples, made with a text editor, have LF.
    const part = bytes.subarray(at + mark.length, next)
    const crlf = part[0] === 13
    const headEnd = find(part, crlf ? '\r\n\r\n' : '\n\n', 0)
    if (headEnd < 0) return undefined
    const head = new TextDecoder().decode(part.subarray(0, headEnd))
    const name = /content-disposition:[^\n]*\bname="([^"]*)"/i.exec(head)?.[1]
    if (name === undefined) return undefined
    const content = part.subarray(headEnd + (crlf ? 4 : 2), part.length - (crlf ? 2 : 1))
    parts.set(name, { type: /content-type:\s*([^\r\n]*)/i.exec(head)?.[1] ?? '', content })
    at = next
  }
  return undefined
}
