/**
 * The one error family of the engine. The retry loop looks only at `verdict`:
 * `retry` waits and tries again, `park` sets one link aside for a person, `bug` is ours and stops the stage.
 * Not in this family: a wrong setting (`SettingError`), because it is told to the person who starts the program, before anything runs.
 */
export type Verdict = 'retry' | 'park' | 'bug'

export class SyncError extends Error {
  override readonly name: string = 'SyncError'
  readonly code: string
  readonly verdict: Verdict

  /** @param code the vendor's own code where there is one, else ours in UPPER_SNAKE; never personal data, in the message neither. */
  constructor(code: string, verdict: Verdict, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.verdict = verdict
  }
}

/** A setting that is missing or malformed. One clear line that names it; the program ends with exit code 2. */
export class SettingError extends Error {
  override readonly name: string = 'SettingError'
}
