import type { ClerkClient } from '../clerk/client.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { type Adoptable, type AdoptionPage, readAdoption } from '../sync/decide/adoption.ts'
import { type DecidedPair, linkPairs, unlinkPair, type WantedPair } from '../sync/decide/decide.ts'
import { countConcerned, type Resync, resyncMapping } from '../sync/decide/resync.ts'
import { refusedUndo, type Undone, undoChanges } from '../sync/decide/undo.ts'
import { linesOfRun, mostOfRun } from '../sync/decide/undo-lines.ts'
import type { Engine } from '../sync/engine.ts'
import type { PacedApi } from '../sync/pace/paced-api.ts'
import type { MappingConfig, Rules } from '../sync/plan/mapping.ts'
import type { Checked } from '../sync/write/check-mapping.ts'

/** Both sides, for what cannot be decided from the database alone. */
export type Sides = {
  api: PacedApi
  /** Undefined where no key was given. */
  clerk: ClerkClient | undefined
  /** The mapping as the org was found to take it; undefined while it could not be asked. */
  checked: () => Promise<Checked | undefined>
}

export type Undo = {
  changes: readonly number[] | { run: number }
  /** Carry it out; otherwise only say what it would do. */
  do: boolean
  /** Also what the rule of the field would write again: the link is parked then. */
  force: boolean
}

/** What an operator decides about pairs, values and the mapping; the same in the process and over HTTP. */
export type Decisions = {
  /** Links Clerk records to Salesforce records, or to new ones; what cannot be is refused, alone. */
  link: (pairs: readonly WantedPair[]) => Promise<DecidedPair[]>
  /** Takes a pair apart, by an id of either side. @throws NotLinkedError */
  unlink: (id: string, makeNew: boolean) => Promise<WantedPair>
  /** What would become of Clerk records that are not linked yet, page by page. Writes nothing. Personal data: for whoever asked alone. */
  adoption: (entity: Adoptable, after: string) => Promise<AdoptionPage>
  /** Goes back to the values before changes of the journal, or says what that would do. Personal data: for whoever asked alone. */
  undo: (undo: Undo) => Promise<Undone[]>
  /** What the mapping changed since it was accepted last, and which links that concerns; with `mark` they are written anew. */
  resync: (mark: boolean) => Promise<Resync>
}

/** It cannot be done here, or not now. */
export class UnavailableError extends Error {
  override readonly name: string = 'UnavailableError'
}

export type DecisionsOptions = {
  db: Database
  sides: Sides | undefined
  engine: Pick<Engine, 'wake' | 'mapping'> | undefined
  clock: Clock
  newKey: () => string
  config: MappingConfig
}

const leftOfRun = (changes: readonly number[]): Undone =>
  refusedUndo(
    changes,
    `the run has written more than the ${mostOfRun} changes that are undone at one time: these are left, so undo the run again`,
  )

/** Decisions on a database, and on the engine that works on it in this process if there is one. */
export const createDecisions = ({ db, sides, engine, clock, newKey, config }: DecisionsOptions): Decisions => {
  const { now } = clock
  const both = (): Sides => {
    if (!sides) throw new UnavailableError('Salesforce cannot be asked here: no settings of it were given')
    return sides
  }
  const rulesOf = async (): Promise<Rules> => {
    const checked = await both().checked()
    if (!checked) throw new UnavailableError('Salesforce has not been asked for its fields yet: try again in a moment')
    const [problem] = checked.problems
    if (problem !== undefined)
      throw new UnavailableError(`the mapping does not fit the org (clerkforce check): ${problem}`)
    return checked.rules
  }
  return {
    link: async (pairs) => {
      const decided = await linkPairs({ db, api: both().api, now }, pairs)
      engine?.wake()
      return decided
    },
    unlink: async (id, makeNew) => {
      const pair = await unlinkPair({ db, now }, id, { makeNew })
      engine?.wake()
      return pair
    },
    adoption: async (entity, after) =>
      readAdoption({ query: db.query, api: both().api, rules: await rulesOf(), now }, entity, after),
    undo: async ({ changes, do: carryOut, force }) => {
      const { api, clerk } = both()
      const ids = 'run' in changes ? await linesOfRun(db.query, changes.run) : changes
      const options = { db, api, clerk, rules: await rulesOf(), clock, name: newKey() }
      const part = 'run' in changes ? ids.slice(0, mostOfRun) : ids
      const undone = await undoChanges(options, { changes: part, do: carryOut, force })
      if (carryOut) engine?.wake()
      return part.length < ids.length ? [...undone, leftOfRun(ids.slice(mostOfRun))] : undone
    },
    resync: async (mark) => {
      const rules = await rulesOf()
      if (!mark) return countConcerned({ db, rules, config, now })
      return engine ? engine.mapping.resync(rules) : resyncMapping({ db, rules, config, now })
    },
  }
}
