import { expect, test } from 'vitest'
import { drawScene } from './live-view.ts'
import type { Scene } from './scene.ts'
import { STORY } from './story.ts'

const figures: Scene['figures'] = {
  sent: { messages: 1_105, arrived: 1_119, twice: 114, late: 126, overtaken: 124 },
  intake: { stored: 1_101, repeated: 113, unused: 105 },
  left: { hints: 100, stale: 100, dirty: 100, parked: 1, gaps: 10 },
  followed: 1_234,
  paused: { code: 'SERVER_UNAVAILABLE', retryInMs: 12_345 },
  written: { records: 1_112, calls: 1_069, medianMs: 12_345, slowestMs: 54_321, undisturbedMs: 123 },
  carried: 1_112,
}

const scene = (act: number, more: Partial<Scene> = {}): Scene => ({
  startedAt: 0,
  acts: [...STORY.map(({ title, steps }) => ({ title, steps: steps.length })), { title: 'The last one', steps: 0 }],
  act,
  done: 3,
  recent: Array.from({ length: act + 1 }, (_, index) => `${'a long sentence '.repeat(10)}${index}`),
  figures: undefined,
  outcomesMs: [12_345, 123],
  silentSince: undefined,
  ...more,
})

test('the picture fits 80 columns and 24 rows and has the same height from the first to the last moment', () => {
  const moments = [
    scene(-1),
    ...STORY.map((_, act) => scene(act, { figures, silentSince: 50_000 })),
    scene(STORY.length + 1, { figures }),
  ]
  const pictures = moments.map((moment) => drawScene(moment, 99_999, { columns: 80, rows: 24 }))
  expect(new Set(pictures.map((lines) => lines.length)).size).toBe(1)
  // One row less than the terminal has: the cursor stands below.
  expect(pictures[0]?.length).toBeLessThanOrEqual(23)
  expect(pictures.flat().filter((line) => line.length > 80)).toEqual([])
})

test('a taller terminal shows more of what happened', () => {
  const lines = (rows: number) => drawScene(scene(STORY.length - 1, { figures }), 99_999, { columns: 120, rows })
  expect(lines(24).length).toBeLessThan(lines(28).length)
  expect(lines(28).length).toBe(27)
  expect(lines(200)).toEqual(lines(100))
})
