import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Entity } from '../model/model.ts'
import type { Engine } from '../sync/engine.ts'
import { type ApplyOutcome, expect, listUnapplied, type Unapplied } from '../sync/mirror/expected.ts'
import { listPlanned, type PlannedFilter, type PlannedRow, readLastPlan } from '../sync/mirror/planned.ts'
import { askRun, beginApply, dropUnbegun, type Run, readRun, runEntities } from '../sync/mirror/runs.ts'
import type { RunOperations, RunStatus } from './runs.ts'

/** One record that a person has said yes to; `print` as the plan gave it. */
export type Approved = { entity: Exclude<Entity, 'invitation'>; clerkId: string; print: string }

/** A page of a plan; `next` is to be asked with, null at the end. */
export type PlannedPage = { rows: readonly PlannedRow[]; next: string | null }

export type PlannedAsked = PlannedFilter & { after?: string | undefined; limit: number }

/** What an apply is of: the mapping that the plan was made with, and what the file holds, each as a digest. */
export type ApplySource = { mapping: string; file: string }

/** Plan and apply, the same in the process and over HTTP. */
export type PlanOperations = {
  /** What the plan of a run would do, a page at a time. Personal data: for whoever asked alone. */
  planned: (id: number, asked: PlannedAsked) => Promise<PlannedPage>
  /** The plan that was made last, while it is kept; undefined where there is none, or another is being made. */
  lastPlan: () => Promise<RunStatus | undefined>
  /**
   * Opens an apply: `approve` tells it of what is to be written, `startApply` sets it going. One that was never set going is dropped; one of the
   * same file that is under way is joined: its state is not `loading`.
   * @throws ApplyStateError while another file is applied
   */
  openApply: (source: ApplySource) => Promise<RunStatus>
  /** Returns those that are not known here. @throws ApplyStateError where the run is not open */
  approve: (
    id: number,
    records: readonly Approved[],
  ) => Promise<{ unknown: readonly { entity: Entity; clerkId: string }[] }>
  /** @param unknown how many records of the file are not known here */
  startApply: (id: number, unknown: number) => Promise<RunStatus>
  /** Records of an apply that were not written, after a link. */
  unapplied: (
    id: number,
    asked: { after: number; limit: number; outcome?: ApplyOutcome | undefined },
  ) => Promise<Unapplied[]>
}

/** An apply is under way already, or is not open any more. */
export class ApplyStateError extends Error {
  override readonly name: string = 'ApplyStateError'
}

type Options = { db: Database; engine: Engine | undefined; clock: Clock; run: RunOperations['run'] }

const placeOf = (after: string | undefined): { rank: number; linkId: number } | undefined => {
  const [rank = Number.NaN, linkId = Number.NaN] = (after ?? '').split('.').map(Number)
  return Number.isInteger(rank) && Number.isInteger(linkId) ? { rank, linkId } : undefined
}

/** Operations on plans, in a database on which an engine works here or elsewhere. */
export const createPlanOperations = ({ db, engine, clock, run }: Options): PlanOperations => {
  const statusOf = async (id: number): Promise<RunStatus> => {
    const status = await run(id)
    if (!status) throw new ApplyStateError(`there is no run ${id}`)
    return status
  }
  const open = async (id: number): Promise<void> => {
    const found = await readRun(db.query, id)
    if (found?.kind !== 'apply' || found.state !== 'loading')
      throw new ApplyStateError(`run ${id} is no apply that is open: begin again with clerkforce apply`)
  }
  return {
    planned: async (id, { after, ...asked }) => {
      const { rows, next } = await listPlanned(db.query, id, { ...asked, after: placeOf(after) })
      return { rows, next: next && `${next.rank}.${next.linkId}` }
    },
    lastPlan: async () => {
      const id = await readLastPlan(db.query, clock.now())
      return id === undefined ? undefined : run(id)
    },
    openApply: async ({ mapping, file }) => {
      const opened = await db.transaction(async (query): Promise<Run> => {
        await dropUnbegun(query, clock.now())
        return askRun(query, 'apply', { entities: runEntities, mapping, file }, clock.now())
      })
      if (opened.state !== 'loading' && opened.options.file !== file)
        throw new ApplyStateError(
          `another plan is being applied (run ${opened.id}): wait for its end, or go on with the file that it was begun with`,
        )
      return statusOf(opened.id)
    },
    approve: async (id, records) => {
      await open(id)
      return { unknown: await db.transaction((query) => expect(query, id, records)) }
    },
    startApply: async (id, unknown) => {
      await open(id)
      await beginApply(db.query, id, { unknown })
      engine?.wake()
      return statusOf(id)
    },
    unapplied: (id, asked) => listUnapplied(db.query, id, asked),
  }
}
