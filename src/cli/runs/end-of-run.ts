import type { RunKind, RunWaits } from '../../sync/mirror/runs.ts'
import type { Place } from '../with-engine.ts'
import type { Followed } from './follow-run.ts'
import { inLines } from './run-view.ts'

/** 0: done. 1: it failed, left something to a person, or cannot go on. 3: it asks whether so many records may be gone. 130: Ctrl-C. */
const codes = { done: 0, failed: 1, stopped: 1, asking: 3, loading: 1, scanning: 1, working: 1 } as const

const mends: Readonly<Record<RunWaits['for'], string>> = {
  mapping: 'Correct the mapping or the org; clerkforce check looks whether they fit',
  clerk: 'Correct CLERK_SECRET_KEY, or what keeps it from Clerk',
  salesforce: 'Correct what keeps the user from Salesforce; clerkforce check tries it',
}

const goesOn = (place: Place, kind: RunKind): string =>
  place.by === 'serve'
    ? `The ${kind} goes on in the running clerkforce (process ${place.pid}); clerkforce runs says how it stands.`
    : `The ${kind} stops here and keeps what it has: clerkforce ${kind} goes on from there, and so does clerkforce serve.`

/** Why it waits has been said already. */
const stuck = ({ for: what }: RunWaits, kind: RunKind): string =>
  `The ${kind} cannot go on by itself. ${mends[what]}. Then clerkforce ${kind} goes on from where it stands.`

/** Says how the command ends, and with which code. */
export const endOfRun = ({ run, end }: Followed, place: Place, kind: RunKind): void => {
  if (end === 'over') {
    process.exitCode = run.state === 'done' && (run.result.parked ?? 0) > 0 ? 1 : codes[run.state]
    return
  }
  const words = end === 'stuck' && run.waits ? stuck(run.waits, kind) : goesOn(place, kind)
  process.stderr.write(`${inLines(words, process.stderr)}\n`)
  process.exitCode = end === 'stuck' ? 1 : 130
}
