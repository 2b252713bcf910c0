import { runDemo } from './demo/run-demo.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Under `npm run` a single Ctrl-C arrives twice: from the terminal, and passed on by npm. */
const sameKeyMs = 500

/**
 * Fires at the first signal, or when nobody reads the output any more; a second signal ends the process at once, for whoever cannot wait.
 */
const endSignal = (): { signal: AbortSignal; release: () => void } => {
  const end = new AbortController()
  let asked: number | undefined
  const stop = (): void => {
    if (asked !== undefined && performance.now() - asked > sameKeyMs) process.exit(130)
    asked ??= performance.now()
    end.abort()
  }
  // Any error of the output but EPIPE ends the process (main.ts).
  const closed = (): void => end.abort()
  for (const name of signals) process.on(name, stop)
  process.stdout.on('error', closed)
  return {
    signal: end.signal,
    release: () => {
      process.stdout.off('error', closed)
      for (const name of signals) process.off(name, stop)
    },
  }
}

/**
 * `clerkforce demo`: both emulators, a clerkforce between them, and a story to watch.
 * @returns the exit code: 0 when both sides agree at the end, 1 when they do not, 130 when it was ended before.
 */
export const demo = async ({ once }: { once: boolean }): Promise<number> => {
  const { signal, release } = endSignal()
  try {
    return await runDemo({ once, out: process.stdout, signal })
  } finally {
    release()
  }
}
