/** How a run goes, on standard error: a bar in a terminal, a line for each step elsewhere. */
import { styleText } from 'node:util'
import type { RunStatus, ScanStatus } from '../../server/runs.ts'
import type { RunWaits } from '../../sync/mirror/runs.ts'
import { wrapTo } from '../explain/text.ts'

export type RunView = { show: (run: RunStatus) => void; end: () => void }

const lineEveryMs = 5_000
/** The rate is that of the last half minute: a mean since the beginning would know nothing of an outage. */
const rateOverMs = 30_000

const names: Readonly<Record<string, string>> = {
  'clerk/organization': 'organizations in Clerk',
  'clerk/person': 'users in Clerk',
  'clerk/membership': 'memberships in Clerk',
  'salesforce/organization': 'Accounts',
  'salesforce/person': 'Contacts',
  'salesforce/membership': 'AccountContactRelations',
}
const pairs: Readonly<Record<string, string>> = {
  organization: 'organizations',
  person: 'people',
  membership: 'memberships',
}

/** With commas between the thousands. */
export const count = (n: number): string => n.toLocaleString('en-US')

/** Minutes and seconds, or hours and minutes. */
export const renderDuration = (ms: number): string => {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** What is being done, how much of it is done, and of how much, where that is known. */
export const stepOf = ({
  state,
  scans,
  left,
  result,
}: RunStatus): { what: string; done: number; of: number | undefined } => {
  if (state === 'working') {
    const all = Math.max(result.marked ?? 0, left)
    return { what: 'records in agreement', done: all - left, of: all }
  }
  const scan: ScanStatus | undefined = scans.find(({ done }) => !done) ?? scans.at(-1)
  if (!scan) return { what: starting, done: 0, of: undefined }
  const [stage = '', entity = ''] = scan.scan.split('/')
  const done = { compare: 'compared', plan: 'planned' }[stage]
  const what = done === undefined ? `${names[scan.scan] ?? scan.scan} read` : `${pairs[entity]} ${done}`
  return { what, done: scan.read, of: scan.counted ?? undefined }
}

const sideName = { clerk: 'Clerk', salesforce: 'Salesforce' } as const

/** What a run waits for, in a line or several. */
export const renderWaits = ({ for: what, why }: RunWaits): string =>
  what === 'mapping' ? `The mapping does not fit the org: ${why}` : `${sideName[what]} is waited for: ${why}`

const starting = 'starting'

type Sample = { at: number; done: number }

/** Records a second over the last while. */
const rateOf = (samples: readonly Sample[]): number => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.at === first.at) return 0
  return ((last.done - first.done) * 1_000) / (last.at - first.at)
}

/** Broken between words where it is read on a terminal. */
export const inLines = (text: string, { isTTY, columns }: NodeJS.WriteStream): string =>
  isTTY
    ? text
        .split('\n')
        .flatMap((line) => wrapTo(line, columns))
        .join('\n')
    : text

/** One line about where a run is, in so many columns: where there is no room, the rate goes first, and then the time left. */
export const renderStep = (run: RunStatus, rate: number, columns = 200): string => {
  const { what, done, of } = stepOf(run)
  const text =
    what === starting ? what : of === undefined ? `${count(done)} ${what}` : `${count(done)} of ${count(of)} ${what}`
  const speed = rate >= 0.5 ? [`${count(Math.round(rate))}/s`] : []
  const left = rate > 0 && of !== undefined && of > done ? [`${renderDuration(((of - done) * 1_000) / rate)} left`] : []
  const waits = run.waits === null ? [] : ['waiting']
  const lines = [
    [text, ...speed, ...left, ...waits],
    [text, ...left, ...waits],
    [text, ...waits],
  ].map((all) => all.join(', '))
  return lines.find((line) => line.length <= columns) ?? text.slice(0, columns)
}

const bar = (share: number, width: number): string => {
  const full = Math.floor(Math.min(1, share) * width)
  return styleText('cyan', '━'.repeat(full)) + styleText('dim', '─'.repeat(width - full))
}

/** Shows a run as it goes on. */
export const createRunView = (out: NodeJS.WriteStream, now: () => number): RunView => {
  let samples: Sample[] = []
  let before = ''
  let saidAt = 0
  let said = ''
  let waited = ''
  /** In a line of its own that stays: a bar has no room for it. */
  const sayWaits = ({ waits }: RunStatus): void => {
    const words = waits ? renderWaits(waits) : ''
    if (words !== '' && words !== waited) out.write(`${out.isTTY ? '\r\u001b[K' : ''}${inLines(words, out)}\n`)
    waited = words
  }
  return {
    show: (run) => {
      sayWaits(run)
      const { what, done, of } = stepOf(run)
      if (what !== before) samples = []
      samples = [...samples.filter(({ at }) => at > now() - rateOverMs), { at: now(), done }]
      const rate = rateOf(samples)
      const line = renderStep(run, rate)
      if (out.isTTY) {
        const columns = (out.columns ?? 80) - 1
        const width = columns < 99 ? 12 : 24
        const drawn = of === undefined || of === 0 ? '' : `${bar(done / of, width)} `
        const room = columns - (drawn === '' ? 0 : width + 1)
        out.write(`\r\u001b[K${drawn}${renderStep(run, rate, room)}`)
      } else if (line !== said && (what !== before || now() - saidAt >= lineEveryMs)) {
        out.write(`${line}\n`)
        said = line
        saidAt = now()
      }
      before = what
    },
    end: () => {
      // Carriage return, erase to the end of the line.
      if (out.isTTY) out.write('\r\u001b[K')
    },
  }
}
