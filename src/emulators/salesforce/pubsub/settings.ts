/** What a test may change of the event bus while it runs; the defaults are Salesforce's. */
export type EventSettings = {
  /** Nothing is delivered and no keepalive sent; events wait in the log. */
  hold: boolean
  /** How long each batch waits before it is sent. */
  latencyMs: number
  /** Off: changes make no events, and are lost to subscribers for good. */
  capture: boolean
  /** The most events in one response. */
  batchSize: number
  /** How long an event can be replayed. */
  retentionMs: number
  /** An empty response with the latest replay id comes after this silence. */
  keepaliveMs: number
  /** The stream ends when a client that has got all it asked for does not ask again. */
  idleCloseMs: number
  /** PublishStream ends when no event is published for this long. */
  publishIdleMs: number
  /** Changes of one transaction beyond this many are told by one overflow event for each object. */
  overflowAfter: number
  /** Long text of at least so many characters is sent as a diff. */
  diffFrom: number
  /** An event with more bytes is replaced by a gap event. */
  maxEventBytes: number
  /** Streams open at once. */
  maxStreams: number
}

export const defaultSettings: EventSettings = {
  hold: false,
  latencyMs: 0,
  capture: true,
  batchSize: 100,
  retentionMs: 72 * 3_600_000,
  keepaliveMs: 270_000,
  idleCloseMs: 60_000,
  publishIdleMs: 70_000,
  overflowAfter: 100_000,
  diffFrom: 1_000,
  maxEventBytes: 1_048_576,
  maxStreams: 1_000,
}
