/** How a run goes, on standard error: a bar in a terminal, a line for each step elsewhere. */
import { styleText } from 'node:util'
import type { RunStatus, ScanStatus } from '../../server/runs.ts'

export type RunView = { show: (run: RunStatus) => void; end: () => void }

const barWidth = 24
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

const count = (n: number): string => n.toLocaleString('en-US')

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
    return { what: 'records brought into agreement', done: all - left, of: all }
  }
  const scan: ScanStatus | undefined = scans.find(({ done }) => !done) ?? scans.at(-1)
  if (!scan) return { what: 'starting', done: 0, of: undefined }
  return { what: `${names[scan.scan] ?? scan.scan} read`, done: scan.read, of: scan.counted ?? undefined }
}

type Sample = { at: number; done: number }

/** Records a second over the last while. */
const rateOf = (samples: readonly Sample[]): number => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.at === first.at) return 0
  return ((last.done - first.done) * 1_000) / (last.at - first.at)
}

/** One line about where a run is. */
export const renderStep = (run: RunStatus, rate: number): string => {
  const { what, done, of } = stepOf(run)
  const parts = [of === undefined ? `${count(done)} ${what}` : `${count(done)} of ${count(of)} ${what}`]
  if (rate >= 0.5) parts.push(`${count(Math.round(rate))}/s`)
  if (rate > 0 && of !== undefined && of > done) parts.push(`${renderDuration(((of - done) * 1_000) / rate)} left`)
  if (run.waits !== null) parts.push(run.waits)
  return parts.join(', ')
}

const bar = (share: number): string => {
  const full = Math.round(Math.min(1, share) * barWidth)
  return styleText('cyan', '━'.repeat(full)) + styleText('dim', '─'.repeat(barWidth - full))
}

/** Shows a run as it goes on. */
export const createRunView = (out: NodeJS.WriteStream, now: () => number): RunView => {
  let samples: Sample[] = []
  let before = ''
  let saidAt = 0
  let said = ''
  return {
    show: (run) => {
      const { what, done, of } = stepOf(run)
      if (what !== before) samples = []
      samples = [...samples.filter(({ at }) => at > now() - rateOverMs), { at: now(), done }]
      const line = renderStep(run, rateOf(samples))
      if (out.isTTY) {
        const drawn = of === undefined || of === 0 ? '' : `${bar(done / of)} `
        const room = (out.columns ?? 80) - 1 - (drawn === '' ? 0 : barWidth + 1)
        out.write(`\r\u001b[K${drawn}${line.slice(0, room)}`)
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
