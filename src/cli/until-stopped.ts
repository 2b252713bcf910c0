/** Under npm one Ctrl-C arrives twice, from the terminal and from npm: what comes this soon is the same one. */
const sameMs = 500

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once, for whoever cannot wait. */
export const untilStopped = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    let askedAt: number | undefined
    const stop = (signal: NodeJS.Signals): void => {
      if (askedAt !== undefined && performance.now() - askedAt > sameMs) process.exit(1)
      askedAt ??= performance.now()
      resolve(signal)
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
