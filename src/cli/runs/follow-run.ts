import { systemClock } from '../../clock.ts'
import type { RunOperations, RunStatus } from '../../server/runs.ts'
import { createRunView } from './run-view.ts'

const pollMs = 500

const isOver = ({ state, finishedAt }: RunStatus): boolean => finishedAt !== null || state === 'asking'

/** Starts a run, or joins one, and shows how it goes until it is over or `stopped` resolves; then undefined. */
export const followRun = async (
  operations: RunOperations,
  begin: () => Promise<RunStatus>,
  stopped: Promise<unknown>,
): Promise<RunStatus | undefined> => {
  const view = createRunView(process.stderr, systemClock.now)
  const gone = new AbortController()
  void stopped.then(() => gone.abort())
  try {
    let run = await begin()
    while (!isOver(run)) {
      view.show(run)
      await systemClock.sleep(pollMs, gone.signal)
      if (gone.signal.aborted) return undefined
      run = (await operations.run(run.id)) ?? run
    }
    view.show(run)
    return run
  } finally {
    view.end()
  }
}
