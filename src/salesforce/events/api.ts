/** What the event bus told us: something about these records may have changed. It says where to look, and is never written anywhere itself. */
export type ChangeHint = {
  /**
   * The event's own id: the same when it is delivered twice under different replay ids. An event of several records may come in several
   * hints of one id with different records (Change Data Capture guide, Event Enrichment Considerations): the records of each one count.
   */
  eventId: string
  /** Opaque; where to go on strictly after this event. */
  replayId: Uint8Array
  /** Such as `Contact`; empty for an event that nobody can read. */
  object: string
  /** In 18 characters; empty where the event does not name them all (GAP_OVERFLOW, `003*`, UNDECODABLE): any record of the object may have changed. */
  recordIds: readonly string[]
  /** As Salesforce sent it, types unknown to us included; `UNDECODABLE` for an event that nobody can read. */
  changeType: string
  /** Milliseconds since 1970; of an UNDECODABLE event, when it arrived. */
  committedAt: number
  commitUser: string
  changeOrigin: string
  /**
   * The fields that an UPDATE changed, by the names that queries know: `Email`, and of compound fields both the whole and the parts, such as
   * `Name` and `FirstName`, `MailingAddress` and `MailingCity`. Undefined where it is not known, as with every other type of change: then all
   * may have changed. Formula and roll-up fields are in no event: who reads one cannot go by this list.
   */
  changedFields: readonly string[] | undefined
}

/**
 * Why a subscription ended, or a question was refused.
 * - `outage`: the service, the line or the stream broke, or too many streams are open: go on later after the stored replay id.
 * - `auth`: no token to be had, or refused again after one renewal.
 * - `forbidden`: our user may not subscribe to the topic.
 * - `missing`: there is no such topic, and no Change Data Capture for us.
 * - `replay-id`: too old, or from before the stream was reset. It will never be good again: start from the earliest event, and read what
 *   changed meanwhile by other means. No retry helps.
 * - `allowance`: the events that may be delivered in 24 hours are used up.
 * - `refused`: anything else that is our doing: a malformed request, an address that is not the Pub/Sub API's.
 */
export type EventFailure = 'outage' | 'auth' | 'forbidden' | 'missing' | 'replay-id' | 'allowance' | 'refused'

export class EventError extends Error {
  override readonly name: string = 'EventError'
  readonly kind: EventFailure
  /** Salesforce's code without its prefixes, such as `fetch.replayid.corrupted`; or gRPC's status; or ours, in UPPER_SNAKE. */
  readonly code: string

  constructor(kind: EventFailure, code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
    this.code = code
  }
}

export type EventBatch = {
  /** In the order of the stream; none when the batch only tells how far the stream has come. */
  hints: readonly ChangeHint[]
  /**
   * To be stored with the hints: everything up to here has been handed over, and a subscription goes on after it. Mostly that of the last
   * event; one event behind where that one may not be whole yet (`batch.ts` says when), so that it comes again after a break.
   */
  replayId: Uint8Array
}

export type FollowOptions = {
  /** Such as `/data/Clerk_Sync__chn`; case matters. */
  topic: string
  /**
   * A stored replay id, or an end of the stream: `earliest` reaches back up to 72 hours, `latest` begins with what comes next. A stream from
   * `latest` that ends before its first batch leaves nothing to go on from: what changed since it began has to be read by other means.
   */
  from: Uint8Array | 'earliest' | 'latest'
  /** Stores a batch. No more events are asked for until it has; what arrives meanwhile waits and comes together. */
  take: (batch: EventBatch) => Promise<void>
  signal: AbortSignal
}

export type ChangeEvents = {
  /** Whether the topic is there and may be subscribed to. @throws EventError */
  check: (topic: string) => Promise<void>
  /**
   * Runs until the signal aborts, and resolves then, after a `take` under way.
   * @throws EventError when the stream ends for any other reason: how to go on is the caller's to decide
   * @throws what `take` throws
   */
  follow: (options: FollowOptions) => Promise<void>
  /** Breaks off whatever runs, with an `outage`. */
  close: () => void
}
