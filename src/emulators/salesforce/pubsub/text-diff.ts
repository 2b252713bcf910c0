import { createHash } from 'node:crypto'

type Hunk = { from: number; removed: string[]; to: number; added: string[] }

/** How many cells of the table of common lines are worth their time; beyond, the whole middle is one hunk. */
const worthwhile = 4_000_000

const commonLines = (before: readonly string[], after: readonly string[]): Uint32Array => {
  const width = after.length + 1
  const table = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const here = i * width + j
      table[here] =
        before[i] === after[j]
          ? (table[here + width + 1] ?? 0) + 1
          : Math.max(table[here + width] ?? 0, table[here + 1] ?? 0)
    }
  }
  return table
}

/** What differs, in runs of lines; `offset` is how many equal lines come before. */
const hunksOf = (before: readonly string[], after: readonly string[], offset: number): Hunk[] => {
  if (before.length * after.length > worthwhile)
    return [{ from: offset, removed: [...before], to: offset, added: [...after] }]
  const table = commonLines(before, after)
  const width = after.length + 1
  const hunks: Hunk[] = []
  let open: Hunk | undefined
  for (let i = 0, j = 0; i < before.length || j < after.length; ) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      open = undefined
      i++
      j++
      continue
    }
    if (!open) {
      open = { from: offset + i, removed: [], to: offset + j, added: [] }
      hunks.push(open)
    }
    const skipOld =
      j >= after.length || (i < before.length && (table[(i + 1) * width + j] ?? 0) >= (table[i * width + j + 1] ?? 0))
    if (skipOld) open.removed.push(before[i++] ?? '')
    else open.added.push(after[j++] ?? '')
  }
  return hunks
}

// An empty side counts from the line before it, as in every unified diff.
const range = (start: number, lines: readonly string[]): string =>
  `${lines.length === 0 ? start : start + 1},${lines.length}`

/**
 * The difference of two texts as change events carry it: a unified diff without lines of context, headed by the SHA-256
 * of the whole new text, with which a subscriber checks what it has put together.
 */
export const textDiff = (before: string, after: string): string => {
  const old = before.split('\n')
  const next = after.split('\n')
  let head = 0
  while (head < old.length && head < next.length && old[head] === next[head]) head++
  let tail = 0
  while (tail < Math.min(old.length, next.length) - head && old.at(-1 - tail) === next.at(-1 - tail)) tail++
  const hunks = hunksOf(old.slice(head, old.length - tail), next.slice(head, next.length - tail), head)
  return [
    '--- ',
    `+++ ${createHash('sha256').update(after).digest('hex')}`,
    ...hunks.flatMap(({ from, removed, to, added }) => [
      `@@ -${range(from, removed)} +${range(to, added)} @@`,
      ...removed.map((line) => `-${line}`),
      ...added.map((line) => `+${line}`),
    ]),
  ].join('\n')
}
