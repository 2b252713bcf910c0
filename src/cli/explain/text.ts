/** Text for a terminal: how wide it is, cut to a width, wrapped, harmless; moments as people say them. */
import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

/** Colours text, or leaves it alone. */
export type Paint = (style: Style, text: string) => string

export const paintFor = (coloured: boolean): Paint =>
  coloured ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text

// What other people wrote must not move the cursor, colour the rest or turn its order around.
const unprintable = /[\p{Cc}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu

/** One line that does nothing but show: line ends as ↵, other control characters as �. */
export const harmless = (text: string): string =>
  text
    .replace(/\r\n?|\n/g, '↵')
    .replace(/\t/g, ' ')
    .replace(unprintable, '\u{fffd}')

const segments = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /^[\u{1100}-\u{115f}\u{2e80}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}]|\p{Emoji_Presentation}/u

const widthOf = (grapheme: string): number => (wide.test(grapheme) ? 2 : 1)

/** Columns that a text takes. */
export const columnsOf = (text: string): number =>
  [...segments.segment(text)].reduce((sum, { segment }) => sum + widthOf(segment), 0)

/** Cuts a text that is too long, with … at its end. */
export const cutTo = (text: string, columns: number): string => {
  if (columnsOf(text) <= columns) return text
  let cut = ''
  let used = 1
  for (const { segment } of segments.segment(text)) {
    used += widthOf(segment)
    if (used > columns) break
    cut += segment
  }
  return `${cut}…`
}

/** Cuts or fills a text to exactly so many columns. */
export const fitTo = (text: string, columns: number): string => {
  const cut = cutTo(text, columns)
  return cut + ' '.repeat(Math.max(0, columns - columnsOf(cut)))
}

/** Breaks a text into lines between words; a word longer than a line is broken anywhere. */
export const wrapTo = (text: string, columns: number): string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    let rest = word
    if (line !== '' && columnsOf(line) + 1 + columnsOf(rest) <= columns) {
      line += ` ${rest}`
      continue
    }
    if (line !== '') lines.push(line)
    while (columnsOf(rest) > columns) {
      const piece = cutTo(rest, columns + 1).slice(0, -1)
      lines.push(piece)
      rest = rest.slice(piece.length)
    }
    line = rest
  }
  return [...lines, line]
}

const units: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

/** How far a moment is from now: `5 min ago`, `in 3 s`. */
export const fromNow = (at: number, now: number): string => {
  const distance = Math.abs(now - at)
  const unit = units.find(([ms]) => distance >= ms)
  if (!unit) return 'now'
  const text = `${Math.floor(distance / unit[0])} ${unit[1]}`
  return at > now ? `in ${text}` : `${text} ago`
}
