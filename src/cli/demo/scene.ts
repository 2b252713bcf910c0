import type { Figures } from './figures.ts'

/** What there is to see at the moment; the views draw it and change nothing. */
export type Scene = {
  startedAt: number
  /** One for each act, the last one for the check. */
  acts: readonly { title: string; steps: number }[]
  /** Which act is on; -1 before the first. */
  act: number
  /** Steps of the current act that are done. */
  done: number
  /** What happened, the newest last. */
  recent: readonly string[]
  figures: Figures | undefined
  /** How long it took until the other side showed what came of each thing that was done by hand. */
  outcomesMs: readonly number[]
  /** Since when Salesforce does not answer, by asking it. */
  silentSince: number | undefined
}

/** How a scene is shown: as a picture that changes, or as lines. */
export type View = {
  /** A new act begins. */
  act: (title: string) => void
  /** Something happens in Clerk. */
  step: (sentence: string) => void
  /** Something that is worth a line of its own. */
  note: (sentence: string) => void
  /** The scene is over: what follows is printed below it. */
  end: () => void
}
