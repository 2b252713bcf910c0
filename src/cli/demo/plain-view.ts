import type { Scene, View } from './scene.ts'

/** One line for everything that happens, once: for logs, and wherever there is no terminal. */
export const createPlainView = (scene: Scene, out: { write: (text: string) => unknown }, now: () => number): View => {
  const line = (text: string): void => {
    out.write(`${((now() - scene.startedAt) / 1_000).toFixed(1).padStart(5)} s  ${text}\n`)
  }
  return {
    act: (title) => line(`--- ${title}`),
    step: (sentence) => line(`    ${sentence}`),
    note: (sentence) => line(`  * ${sentence}`),
    end: () => undefined,
  }
}
