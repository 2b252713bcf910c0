import { stripVTControlCharacters, styleText } from 'node:util'
import { createLogUpdate } from 'log-update'
import { median } from './figures.ts'
import type { Scene, View } from './scene.ts'
import { cut, plural, seconds } from './words.ts'

/** How many of the latest events are shown: as many as there is room for. */
const recentShown = { least: 3, most: 12 }
const widest = 100
const framesPerSecond = 8

const widthOf = (text: string): number => stripVTControlCharacters(text).length

const apart = (left: string, right: string, width: number): string =>
  left + ' '.repeat(Math.max(1, width - widthOf(left) - widthOf(right))) + right

const bar = (share: number, width: number): string => {
  const full = Math.round(share * width)
  return styleText('cyan', '━'.repeat(full)) + styleText('dim', '─'.repeat(width - full))
}

const actLine = (scene: Scene, index: number, width: number): string => {
  const { title, steps } = scene.acts[index] ?? { title: '', steps: 0 }
  if (index < scene.act)
    return apart(
      ` ${styleText('green', '✓')} ${title}`,
      steps > 0 ? styleText('dim', plural(steps, 'step')) : '',
      width,
    )
  if (index > scene.act) return styleText('dim', ` · ${title}`)
  const left = ` ${styleText('cyan', '▸')} ${styleText('bold', title)}`
  if (steps === 0) return left
  return apart(left, `${bar(scene.done / steps, 14)} ${String(scene.done).padStart(3)} of ${steps}`, width)
}

const label = (name: string): string => ` ${styleText('dim', name.padEnd(11))} `

const salesforceState = ({ silentSince, figures }: Scene, now: number): string => {
  const paused = figures?.paused
  if (silentSince === undefined && !paused)
    return `${styleText('green', 'answers')} · ${plural(figures?.followed ?? 0, 'change event')}`
  const silent =
    silentSince === undefined
      ? styleText('green', 'answers again')
      : styleText('red', `does not answer, for ${seconds(now - silentSince)}`)
  const waits = paused ? styleText('yellow', ` · clerkforce waits, next try in ${seconds(paused.retryInMs)}`) : ''
  return silent + waits
}

const after = (medianMs: number | undefined, what: string): string =>
  medianMs === undefined ? '' : ` · median ${seconds(medianMs)} after ${what}`

const figureLines = (scene: Scene, now: number): string[] => {
  const { figures } = scene
  if (!figures) return ['', '', '', '', '']
  const { sent, intake, left, written, carried } = figures
  const parked = left.parked > 0 ? styleText('red', `${left.parked} parked`) : '0 parked'
  const waiting = left.hints + left.stale
  return [
    `${label('Clerk')}${plural(sent.messages, 'webhook')} · ${sent.twice} sent twice · ${sent.late} late · ${sent.overtaken} out of order`,
    `${label('')}${plural(carried, 'record')} changed${after(median(scene.outcomesMs), 'a step in Salesforce')}`,
    `${label('clerkforce')}${plural(intake.repeated, 'repeat')} ignored · ${waiting} to read · ${plural(left.dirty, 'link')} dirty · ${parked}`,
    `${label('Salesforce')}${salesforceState(scene, now)}`,
    `${label('')}${plural(written.records, 'record')} changed in ${plural(written.calls, 'API call')}${after(written.medianMs, 'Clerk')}`,
  ]
}

/** What the picture needs; a smaller terminal gets plain lines. */
export const SMALLEST: { columns: number; rows: number } = { columns: 80, rows: 24 }

/** The scene as lines, each narrower than `columns`, and always as many, so that nothing jumps; fewer than `rows`. */
export const drawScene = (
  scene: Scene,
  now: number,
  { columns, rows }: { columns: number; rows: number },
): string[] => {
  const width = Math.min(columns, widest) - 1
  const top = [
    apart(
      ` ${styleText('bold', 'clerkforce demo')}   Clerk ◂──▸ clerkforce ◂──▸ Salesforce`,
      styleText('dim', `${((now - scene.startedAt) / 1_000).toFixed(1)} s`),
      width,
    ),
    '',
    ...scene.acts.map((_, index) => actLine(scene, index, width)),
    '',
    ` ${styleText('bold', scene.act < 0 ? 'Starting' : 'What happens')}`,
  ]
  const bottom = ['', ...figureLines(scene, now)]
  // The cursor stands below the last line.
  const room = rows - 1 - top.length - bottom.length
  const shown = Math.max(recentShown.least, Math.min(room, recentShown.most))
  const recent = scene.recent.slice(-shown)
  const events = Array.from({ length: shown }, (_, index) => {
    const text = cut(recent[index] ?? '', width - 3)
    return `   ${index === recent.length - 1 ? text : styleText('dim', text)}`
  })
  return [...top, ...events, ...bottom]
}

/** Draws the scene in place, several times a second. */
export const createLiveView = (scene: Scene, out: NodeJS.WriteStream, now: () => number): View => {
  const update = createLogUpdate(out)
  const draw = () => update(drawScene(scene, now(), { columns: out.columns ?? 80, rows: out.rows ?? 24 }).join('\n'))
  const timer = setInterval(draw, 1_000 / framesPerSecond)
  let over = false
  draw()
  return {
    act: draw,
    step: () => undefined,
    note: () => undefined,
    end: () => {
      if (over) return
      over = true
      clearInterval(timer)
      draw()
      update.done()
    },
  }
}
