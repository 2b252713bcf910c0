import { createInterface } from 'node:readline/promises'

/** Asks on the terminal; anything but yes is no. Ctrl-C at the question ends the command, as it does anywhere else. */
export const isAgreed = async (question: string): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ABORT_ERR') throw error
    process.stderr.write('\nStopped; nothing was done.\n')
    process.exit(130)
  } finally {
    terminal.close()
  }
}
