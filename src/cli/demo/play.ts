import type { Clock } from '../../clock.ts'
import { actInClerk } from './clerk-deeds.ts'
import { actWithPlan, isPlanStep } from './plan-deeds.ts'
import { type History, namesIn, newPlaying, type Playing, type Stage } from './playing.ts'
import { actInSalesforce, type Effect, isSalesStep } from './sales-deeds.ts'
import { outcome, type Step, sentence } from './steps.ts'
import type { Act } from './story.ts'

export type PlayOptions = {
  acts: readonly Act[]
  stage: Stage
  clock: Clock
  /** Ends the play early. */
  signal: AbortSignal
  told: {
    act: (index: number) => void
    /** Told when it begins. */
    step: (sentence: string) => void
    /** Told when the other side shows what came of a step, and after which time. */
    outcome: (sentence: string, ms: number) => void
    /** Told what clerkforce answers. */
    note: (sentence: string) => void
    /** Told when a step is over. */
    done: () => void
  }
  /** Resolves when an act that waits for Salesforce may end. */
  salesforceAnswers: () => Promise<void>
  /** How long the other side may take. @default 15_000, for a machine that is busy with something else */
  patienceMs?: number
}

const lookEveryMs = 20

/** Waits until the other side shows what came of a step. */
const awaitEffect = async (
  playing: Playing,
  step: Step,
  effect: Effect,
  { clock, signal, told, patienceMs = 15_000 }: PlayOptions,
): Promise<void> => {
  const from = clock.now()
  while (!(await effect())) {
    if (signal.aborted) return
    if (clock.now() - from > patienceMs) {
      playing.history.missed.push(outcome(step, namesIn(playing)) ?? step.do)
      return
    }
    await clock.sleep(lookEveryMs, signal)
  }
  const said = outcome(step, namesIn(playing))
  if (said !== undefined) told.outcome(said, clock.now() - from)
}

const perform = async (playing: Playing, step: Step, options: PlayOptions): Promise<void> => {
  if (isPlanStep(step)) {
    for (const line of await actWithPlan(playing, step)) options.told.note(line)
    return
  }
  if (!isSalesStep(step)) return void (await actInClerk(playing, step))
  const effect = await actInSalesforce(playing, step)
  if (effect) await awaitEffect(playing, step, effect, options)
}

/** Plays the story act by act; what does not come about in time ends it. @returns what both sides have to agree on besides each other */
export const play = async (options: PlayOptions): Promise<History> => {
  const { acts, stage, clock, signal, told, salesforceAnswers } = options
  const playing = newPlaying(stage, clock.now)
  const { history } = playing
  for (const [index, act] of acts.entries()) {
    told.act(index)
    for (const step of act.steps) {
      if (signal.aborted || history.missed.length > 0) return history
      const next = clock.now() + act.everyMs
      told.step(sentence(step, namesIn(playing)))
      await perform(playing, step, options)
      told.done()
      await clock.sleep(Math.max(0, next - clock.now()), signal)
    }
    if (act.untilSalesforceAnswers) await salesforceAnswers()
  }
  return history
}
