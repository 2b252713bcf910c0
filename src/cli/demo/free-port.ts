import { createServer } from 'node:net'

const canListen = (port: number, host: string): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined))
    })
  })

/** The wished-for port of the loopback interface if it is free, else any that is. */
export const freePort = async (wished: number): Promise<number> => {
  const port = (await canListen(wished, '127.0.0.1')) ?? (await canListen(0, '127.0.0.1'))
  if (port === undefined) throw new Error('there is no free port on 127.0.0.1')
  return port
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'syscall' in error && error.syscall === 'listen'

/**
 * Starts something on the port that one wishes for, or on any that is free. Between the question and the start somebody else may take it: then it
 * is started once more.
 */
export const onFreePort = async <T>(wished: number, start: (port: number) => Promise<T>): Promise<T> => {
  try {
    return await start(await freePort(wished))
  } catch (error) {
    if (!isTaken(error)) throw error
    return start(0)
  }
}
