import { systemClock } from '../../clock.ts'
import type { RunOperations, RunStatus } from '../../server/runs.ts'
import { createRunView } from './run-view.ts'

const pollMs = 500
/** What cannot end by itself is said at once, and not waited for: a second look at it, and no more. */
const stuckMs = 2_000

/** `over`: it has ended, or asks a person. `stopped`: Ctrl-C. `stuck`: it waits for what does not end by itself. */
export type Followed = { run: RunStatus; end: 'over' | 'stopped' | 'stuck' }

const isOver = ({ state, finishedAt }: RunStatus): boolean => finishedAt !== null || state === 'asking'

/** Starts a run, or joins one, and shows how it goes until it is over or `stopped` resolves, or it cannot go on. */
export const followRun = async (
  operations: Pick<RunOperations, 'run'>,
  begin: () => Promise<RunStatus>,
  stopped: Promise<unknown>,
): Promise<Followed> => {
  const view = createRunView(process.stderr, systemClock.now)
  const gone = new AbortController()
  void stopped.then(() => gone.abort())
  let stuckSince: number | undefined
  try {
    for (let run = await begin(); ; run = (await operations.run(run.id)) ?? run) {
      if (!isOver(run)) view.show(run)
      if (isOver(run)) return { run, end: 'over' }
      stuckSince = run.waits?.lasting ? (stuckSince ?? systemClock.now()) : undefined
      if (stuckSince !== undefined && systemClock.now() - stuckSince >= stuckMs) return { run, end: 'stuck' }
      await systemClock.sleep(pollMs, gone.signal)
      if (gone.signal.aborted) return { run, end: 'stopped' }
    }
  } finally {
    view.end()
  }
}
