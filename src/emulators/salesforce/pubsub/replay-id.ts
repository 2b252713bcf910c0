/**
 * Replay ids: ten bytes, a counter of eight in big-endian order and two of zero. That is what two public recordings of real
 * ones show; the documentation calls them opaque. Some clients keep only the eight bytes, and Salesforce takes them back.
 */
export const replayIdOf = (position: number): Buffer => {
  const bytes = Buffer.alloc(10)
  bytes.writeBigUInt64BE(BigInt(position))
  return bytes
}

/** The position that a replay id stands for; undefined when it cannot be one. */
export const positionOf = (replayId: Uint8Array): number | undefined => {
  const bytes = Buffer.from(replayId)
  if (bytes.length !== 8 && (bytes.length !== 10 || bytes.readUInt16BE(8) !== 0)) return undefined
  const position = bytes.readBigUInt64BE()
  return position > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(position)
}
