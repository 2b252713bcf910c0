/** A process of its own for whatever must not share the measured one: typed questions over Node's own channel. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

type Commands = { readonly [name: string]: (given: never) => unknown }
type Given<C extends Commands, K extends keyof C> = Parameters<C[K]>[0]
type Answer<C extends Commands, K extends keyof C> = Awaited<ReturnType<C[K]>>

type Question = { id: number; name: string; given: unknown }
type Reply = { id: number; answer?: unknown; failed?: string }

export type Child<C extends Commands> = {
  ask: <K extends keyof C & string>(name: K, given: Given<C, K>) => Promise<Answer<C, K>>
  stop: () => Promise<void>
}

/** Answers questions until the parent goes. */
export const answerQuestions = (commands: Commands): void => {
  const reply = (message: Reply): void => {
    process.send?.(message)
  }
  process.on('message', ({ id, name, given }: Question) => {
    const run = async (): Promise<unknown> => await commands[name]?.(given as never)
    run().then(
      (answer) => reply({ id, answer }),
      (error: unknown) =>
        reply({ id, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  process.on('disconnect', () => process.exit(0))
}

/**
 * Starts a file of this folder as a process.
 * @param profile folder for a CPU profile, written when it stops
 */
export const startChild = <C extends Commands>(
  file: string,
  { profile, args = [] }: { profile?: string | undefined; args?: readonly string[] } = {},
): Child<C> => {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: [...args, ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [])],
  })
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let ids = 0
  child.on('message', ({ id, answer, failed }: Reply) => {
    const one = waiting.get(id)
    waiting.delete(id)
    if (failed === undefined) one?.resolve(answer as never)
    else one?.reject(new Error(`${file}: ${failed}`))
  })
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with code ${code}`))
    waiting.clear()
  })
  return {
    ask: (name, given) =>
      new Promise((resolve, reject) => {
        const id = ++ids
        waiting.set(id, { resolve, reject })
        const question: Question = { id, name, given }
        child.send(question)
      }),
    stop: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
