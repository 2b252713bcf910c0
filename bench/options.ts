/** What every measurement is told. */
export type Options = {
  /** Smaller sizes and fewer rounds, for trying out; its figures decide nothing. */
  quick: boolean
  /** People of the measurement of scale; undefined: its usual number. */
  people?: number | undefined
  /** Folder for CPU profiles of the measured process. */
  profile: string | undefined
  /** Says what goes on. */
  report: (line: string) => void
}
