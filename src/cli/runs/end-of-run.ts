import type { RunStatus } from '../../server/runs.ts'

/** 0: done. 1: it failed, or left something to a person. 3: it asks whether so many records may be gone. 130: Ctrl-C. */
const codes = { done: 0, failed: 1, stopped: 1, asking: 3, scanning: 1, working: 1 } as const

/** Says with which code the command ends. */
export const endOfRun = (run: RunStatus | undefined, kind: string): void => {
  if (run) {
    process.exitCode = run.state === 'done' && (run.result.parked ?? 0) > 0 ? 1 : codes[run.state]
    return
  }
  process.stderr.write(`The ${kind} is not over: clerkforce serve goes on with it, or clerkforce ${kind} does.\n`)
  process.exitCode = 130
}
