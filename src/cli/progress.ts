/** Signs of life on standard error, for what takes longer than a moment; silent for what does not. */

const patienceMs = 800
const beatMs = 100
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Shows `what` and the seconds while the work goes on: a moving line in a terminal, one plain line elsewhere. */
export const withProgress = async <T>(what: string | (() => string), work: Promise<T>): Promise<T> => {
  const { stderr } = process
  const started = performance.now()
  let beats = 0
  let shown = false
  const beat = (): void => {
    const ms = performance.now() - started
    if (ms < patienceMs || (shown && !stderr.isTTY)) return
    shown = true
    const words = typeof what === 'string' ? what : what()
    stderr.write(
      stderr.isTTY ? `\r${frames[beats++ % frames.length]} ${words} (${Math.floor(ms / 1_000)} s)` : `${words} …\n`,
    )
  }
  const timer = setInterval(beat, beatMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
    // Carriage return, erase to the end of the line.
    if (shown && stderr.isTTY) stderr.write('\r\u001b[K')
  }
}
