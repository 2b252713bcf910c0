import { type DestinationStream, type LoggerOptions, pino } from 'pino'

/**
 * Structured logs, one JSON object a line. The same five fields everywhere: `stage`, `side`, `entity`, `linkId`, `runId`.
 * Never a body, a name, an address or a key: what has no business in a log is not handed to it, and what looks like it is cut out.
 */
export type Log = {
  debug: (fields: object, message: string) => void
  info: (fields: object, message: string) => void
  warn: (fields: object, message: string) => void
  error: (fields: object, message: string) => void
}

/**
 * Of an error only what says what went wrong and where. Anything else that it carries may quote what it choked on: PostgreSQL's errors
 * have the failing row in `detail`, a value in their message, and the statement's parameters besides; a SyntaxError of JSON.parse has a
 * piece of the text in its message.
 */
const describeError = (error: Error & { code?: unknown; severity?: unknown }): object => {
  const { name, code, stack = '' } = error
  const where = stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
  const message =
    error.severity !== undefined
      ? `database error ${String(code)}`
      : error instanceof SyntaxError
        ? 'the text could not be parsed'
        : error.message
  return { type: name, ...(code === undefined ? {} : { code }), message, stack: where }
}

/** A log at `level`; `silent` says nothing. */
export const createLog = (level: string, destination?: DestinationStream): Log => {
  const options: LoggerOptions = {
    level,
    base: null,
    redact: { paths: ['body', 'headers', 'token', 'secret', 'authorization', '*.body', '*.headers'], remove: true },
    serializers: { err: describeError },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  }
  return destination ? pino(options, destination) : pino(options)
}
