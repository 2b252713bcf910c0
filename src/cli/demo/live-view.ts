import { stripVTControlCharacters, styleText } from 'node:util'
import { createLogUpdate } from 'log-update'
import type { Scene, View } from './scene.ts'
import { cut, plural, seconds } from './words.ts'

/** How many of the latest events are shown. */
const recentShown = 6
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
  if (silentSince === undefined && !paused) return styleText('green', 'answers')
  const silent =
    silentSince === undefined
      ? styleText('green', 'answers again')
      : styleText('red', `does not answer, for ${seconds(now - silentSince)}`)
  const waits = paused ? styleText('yellow', ` · clerkforce waits, next try in ${seconds(paused.retryInMs)}`) : ''
  return silent + waits
}

const figureLines = (scene: Scene, now: number): string[] => {
  const { figures } = scene
  if (!figures) return ['', '', '', '', '']
  const { sent, intake, left, written } = figures
  const speed = written.medianMs === undefined ? '' : ` · median ${seconds(written.medianMs)} after Clerk`
  const parked = left.parked > 0 ? styleText('red', `${left.parked} parked`) : '0 parked'
  return [
    `${label('Webhooks')}${plural(sent.messages, 'event')} · ${sent.twice} sent twice · ${sent.late} late · ${sent.overtaken} out of order`,
    `${label('clerkforce')}${intake.stored} stored · ${plural(intake.repeated, 'repeat')} ignored · ${intake.unused} of no use`,
    `${label('')}${plural(left.hints, 'webhook')} to read · ${plural(left.dirty, 'link')} dirty · ${parked}`,
    `${label('Salesforce')}${salesforceState(scene, now)}`,
    `${label('')}${plural(written.records, 'record')} written in ${plural(written.calls, 'API call')}${speed}`,
  ]
}

/** What the picture needs; a smaller terminal gets plain lines. */
export const SMALLEST: { columns: number; rows: number } = { columns: 80, rows: 24 }

/** The scene as lines, each narrower than `columns`, and always as many, so that nothing jumps. */
export const drawScene = (scene: Scene, now: number, columns: number): string[] => {
  const width = Math.min(columns, widest) - 1
  const recent = scene.recent.slice(-recentShown)
  const events = Array.from({ length: recentShown }, (_, index) => {
    const text = cut(recent[index] ?? '', width - 3)
    return `   ${index === recent.length - 1 ? text : styleText('dim', text)}`
  })
  return [
    apart(
      ` ${styleText('bold', 'clerkforce demo')}   Clerk ──▸ clerkforce ──▸ Salesforce`,
      styleText('dim', `${((now - scene.startedAt) / 1_000).toFixed(1)} s`),
      width,
    ),
    '',
    ...scene.acts.map((_, index) => actLine(scene, index, width)),
    '',
    ` ${styleText('bold', scene.act < 0 ? 'Starting' : 'What happens')}`,
    ...events,
    '',
    ...figureLines(scene, now),
  ]
}

/** Draws the scene in place, several times a second. */
export const createLiveView = (scene: Scene, out: NodeJS.WriteStream, now: () => number): View => {
  const update = createLogUpdate(out)
  const draw = () => update(drawScene(scene, now(), out.columns ?? 80).join('\n'))
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
