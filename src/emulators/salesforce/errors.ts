/** One error of one record, as Collections report it; single-record calls say `errorCode` where this says `statusCode`. */
export type RecordError = {
  statusCode: string
  message: string
  fields: readonly string[]
  /** The body of a DUPLICATES_DETECTED reply; only single-record calls show it. The key on the wire is misspelt `duplicateResut`. */
  duplicate?: unknown
}

/** A record that cannot be saved. Its neighbours in the request are not touched by it. */
export class RecordFailure extends Error {
  override readonly name: string = 'RecordFailure'
  readonly errors: readonly RecordError[]

  constructor(errors: readonly RecordError[]) {
    super(errors.map((error) => `${error.statusCode}: ${error.message}`).join('; '))
    this.errors = errors
  }
}

/** A failure with one error. */
export const failure = (statusCode: string, message: string, fields: readonly string[] = []): RecordFailure =>
  new RecordFailure([{ statusCode, message, fields }])

/** A request that is refused as a whole; the body is an array of errors, as on every REST call. */
export class RequestFailure extends Error {
  override readonly name: string = 'RequestFailure'
  readonly status: number
  readonly body: unknown

  constructor(status: number, errorCode: string, message: string, body?: unknown) {
    super(message)
    this.status = status
    this.body = body ?? [{ message, errorCode }]
  }
}

/** 400 with one error. */
export const refused = (errorCode: string, message: string): RequestFailure =>
  new RequestFailure(400, errorCode, message)

/** 404 as every missing resource gives it. */
export const notFound = (message = 'The requested resource does not exist'): RequestFailure =>
  new RequestFailure(404, 'NOT_FOUND', message)
