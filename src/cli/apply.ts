import type { Command } from 'commander'
import type { Operations } from '../server/operations.ts'
import type { Approved } from '../server/plans.ts'
import type { RunStatus } from '../server/runs.ts'
import { type ApplyOutcome, applyOutcomes, type Unapplied } from '../sync/mirror/expected.ts'
import { addOptions } from './add-options.ts'
import { isAgreed } from './agree.ts'
import { printJsonList } from './json-list.ts'
import { digestOf, inspectPlanFile, type PlanContents, PlanFileError, readPlanLines } from './plan/read-plan-file.ts'
import { type FirstLeft, isWhole, renderApplied, renderContents } from './plan/render-applied.ts'
import { plural } from './plan/words.ts'
import { endOfRun } from './runs/end-of-run.ts'
import { followRun } from './runs/follow-run.ts'
import { renderRun } from './runs/render-run.ts'
import { untilStopped } from './until-stopped.ts'
import { engineSettings, withEngine } from './with-engine.ts'

type Flags = { yes: boolean; json: boolean }
type Unknown = Pick<Unapplied, 'entity' | 'clerkId'>

const recordsAtOnce = 1_000
const shownOfEach = 5
const unknownKept = 1_000

/** Tells the service of all records of the file. Nothing is written before all have been told. */
const approveAll = async (
  operations: Operations,
  id: number,
  path: string,
): Promise<{ digest: string; unknown: number; first: Unknown[] }> => {
  const digest = digestOf()
  const first: Unknown[] = []
  let unknown = 0
  let records: Approved[] = []
  const send = async (): Promise<void> => {
    if (records.length === 0) return
    const answer = await operations.approve(id, records)
    unknown += answer.unknown.length
    first.push(...answer.unknown.slice(0, unknownKept - first.length))
    records = []
  }
  for await (const line of readPlanLines(path)) {
    digest.add(line)
    const { entity, clerkId, print } = line
    if (records.push({ entity, clerkId, print }) === recordsAtOnce) await send()
  }
  await send()
  return { digest: digest.end(), unknown, first }
}

/** Sets an apply going, or joins the one of the same file that is under way. @throws PlanFileError before anything is written */
const begin = async (
  operations: Operations,
  path: string,
  { header, records, digest }: PlanContents,
  told: (unknown: readonly Unknown[]) => void,
): Promise<RunStatus> => {
  const run = await operations.openApply({ mapping: header.mapping, file: digest })
  if (run.state !== 'loading') return run
  const approved = await approveAll(operations, run.id, path)
  if (approved.digest !== digest)
    throw new PlanFileError(`${path} was changed while it was read: apply it again. Nothing was written.`)
  if (approved.unknown === records)
    throw new PlanFileError(
      `${path}: this database knows none of its records. Was the plan made with another one (DATABASE_URL)? Nothing was written.`,
    )
  told(approved.first)
  return operations.startApply(run.id, approved.unknown)
}

const readLeft = async (operations: Operations, { id }: RunStatus, unknown: readonly Unknown[]): Promise<FirstLeft> => {
  const left = new Map<ApplyOutcome | 'unknown', readonly Pick<Unapplied, 'clerkId' | 'salesforceId' | 'reason'>[]>()
  for (const outcome of applyOutcomes)
    if (outcome !== 'done') left.set(outcome, await operations.unapplied(id, { after: 0, limit: shownOfEach, outcome }))
  return left.set(
    'unknown',
    unknown.slice(0, shownOfEach).map(({ clerkId }) => ({ clerkId, salesforceId: null, reason: null })),
  )
}

/** Each record that was not written, a page at a time. */
const eachLeft = async function* (
  operations: Operations,
  { id }: RunStatus,
  unknown: readonly Unknown[],
): AsyncGenerator<object> {
  for (let after = 0; ; ) {
    const rows = await operations.unapplied(id, { after, limit: recordsAtOnce })
    for (const { linkId: _, ...row } of rows) yield row
    const last = rows.at(-1)
    if (!last) break
    after = last.linkId
  }
  for (const { entity, clerkId } of unknown)
    yield { entity, clerkId, salesforceId: null, outcome: 'unknown', reason: null }
}

const carryOut = (path: string, contents: PlanContents, flags: Flags): Promise<void> => {
  const stopped = untilStopped()
  let unknown: readonly Unknown[] = []
  const told = (first: readonly Unknown[]): void => {
    unknown = first
  }
  return withEngine(flags, async (operations, place) => {
    const followed = await followRun(operations, () => begin(operations, path, contents, told), stopped)
    const { run, end } = followed
    endOfRun(followed, place, 'apply')
    if (end !== 'over') return
    if (run.state === 'done') process.exitCode = isWhole(run) ? 0 : 1
    if (flags.json) await printJsonList(run, 'unapplied', eachLeft(operations, run, unknown))
    else if (run.state === 'done')
      process.stdout.write(renderApplied(run, await readLeft(operations, run, unknown), process.stdout.columns ?? 80))
    else process.stdout.write(renderRun(run))
  })
}

export const registerApply = (program: Command): void => {
  const command = program
    .command('apply')
    .description('write exactly what a plan says, and leave alone and name each record that has changed since')
    .argument('<file>', 'a plan, as clerkforce plan --out wrote it; lines may be struck out')
    .option('--yes', 'do not ask', false)
    .option('--json', 'print JSON, with each record that was not written', false)
    .action(async (path: string, flags: Flags) => {
      if (!flags.yes && !process.stdin.isTTY) command.error('error: there is no terminal to ask on; give --yes')
      const contents = await inspectPlanFile(path)
      process.stderr.write(renderContents(contents, path, process.stderr.columns ?? 80))
      if (contents.records === 0) return void process.stderr.write('There is nothing to apply.\n')
      if (
        !flags.yes &&
        !(await isAgreed(`Apply ${contents.records === 1 ? 'it' : `all ${plural(contents.records, 'record')}`}?`))
      )
        return void process.stderr.write('Nothing was written.\n')
      await carryOut(path, contents, flags)
    })
  addOptions(command, engineSettings)
}
