import type { Gauge } from 'prom-client'
import type { DriftClass } from '../sync/mirror/drift.ts'
import type { RunKind } from '../sync/mirror/runs.ts'
import type { RunStatus } from './runs.ts'

const kinds: readonly RunKind[] = ['backfill', 'reconcile', 'plan', 'apply']
const classes: readonly DriftClass[] = [
  'missing',
  'stale',
  'human-edit',
  'conflict',
  'orphan',
  'duplicate',
  'broken-link',
]

const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0)

type MakeGauge = (name: string, help: string, labelNames: string[]) => Gauge

/** Gauges about runs; what is not known, because there was no such run or the database is away, is not a number. */
export const createRunGauges = (gauge: MakeGauge): ((runs: readonly RunStatus[] | undefined) => void) => {
  const underWay = gauge('run_under_way', 'Whether a run of the kind is under way', ['kind'])
  const asking = gauge('run_asking', 'Whether a run of the kind asks a person whether so many records may be gone', [
    'kind',
  ])
  const waiting = gauge('run_waiting', 'Whether the run under way waits for a side, or for a mapping that fits', [
    'kind',
  ])
  const read = gauge('run_records_read', 'Records that the run under way has read, of both sides', ['kind'])
  const left = gauge('run_links_left', 'Links that the run under way still has to bring into agreement', ['kind'])
  const ended = gauge('run_ended_timestamp_seconds', 'When the last run of the kind ended, in seconds since 1970', [
    'kind',
  ])
  const well = gauge(
    'run_ended_well',
    'Whether the last run of the kind that ended was done, and not failed or stopped',
    ['kind'],
  )
  const drift = gauge('drift', 'Records that the last reconcile found to have drifted apart, by class', ['class'])
  return (runs) => {
    for (const kind of kinds) {
      const open = runs?.find((one) => one.kind === kind && one.finishedAt === null)
      const last = runs?.find((one) => one.kind === kind && one.finishedAt !== null)
      const known = (value: number): number => (runs ? value : Number.NaN)
      underWay.set({ kind }, known(open ? 1 : 0))
      asking.set({ kind }, known(open?.state === 'asking' ? 1 : 0))
      waiting.set({ kind }, known(open?.waits ? 1 : 0))
      read.set({ kind }, known(sum(open?.scans.map((scan) => scan.read) ?? [])))
      left.set({ kind }, known(open?.left ?? 0))
      ended.set({ kind }, last ? (last.finishedAt ?? 0) / 1_000 : Number.NaN)
      well.set({ kind }, last ? Number(last.state === 'done') : Number.NaN)
    }
    const reconcile = runs?.find((one) => one.kind === 'reconcile' && one.state === 'done')
    for (const one of classes) drift.set({ class: one }, reconcile ? (reconcile.result.drift?.[one] ?? 0) : Number.NaN)
  }
}
