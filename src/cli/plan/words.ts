/** What the kinds, risks and results of a plan are called, for the terminal and the page alike. */
import type { Entity, Value } from '../../model/model.ts'
import type { ApplyOutcome } from '../../sync/mirror/expected.ts'
import type { PlannedCounts, PlannedFlag, PlannedKind } from '../../sync/mirror/planned.ts'
import type { RunEntity } from '../../sync/mirror/runs.ts'

export const kindWords: Readonly<Record<PlannedKind, string>> = {
  create: 'not in Salesforce yet',
  adopt: 'there already: gets paired',
  update: 'fields of a pair differ',
  link: 'paired; nothing is written',
  end: 'it has ended in Clerk',
  delete: 'deleted, as the policy says',
  unpair: 'our key is taken off',
  park: 'a person has to decide',
  wait: 'its parent has to come first',
}

export const flagWords: Readonly<Record<PlannedFlag, string>> = {
  overwrites: 'a value is overwritten that a person may have typed',
  ends: 'somebody or something becomes inactive, or is deleted',
  ambiguous: 'several records match, or one matches several, so that a person has to say which',
}

export const outcomeWords: Readonly<Record<ApplyOutcome | 'unknown', string>> = {
  done: 'written as planned, or in agreement already',
  changed: 'not as it was planned any more: left alone',
  parked: 'a person has to decide (clerkforce parked)',
  waiting: 'its parent was not in the plan, or is set aside',
  unknown: 'this database does not know it',
}

export const entityNames: Readonly<Record<RunEntity, string>> = {
  organization: 'organizations',
  person: 'people',
  membership: 'memberships',
}

/** What an entity is called in Salesforce. */
export const objectNames: Readonly<Record<Entity, string>> = {
  organization: 'Account',
  person: 'Contact',
  membership: 'relation',
  invitation: 'Contact',
}

export const plural = (count: number, one: string, many: string = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`

/** A value as people read it. */
export const showValue = (value: Value): string => {
  if (value === null || value === '') return '(empty)'
  return typeof value === 'string' && value.startsWith('new:') ? `(the new one of ${value.slice(4)})` : String(value)
}

/** How many records a plan has, or some of them. */
export const countOf = (
  { kinds }: Pick<PlannedCounts, 'kinds'>,
  wanted: { entity?: Entity; kind?: PlannedKind } = {},
): number =>
  kinds
    .filter(
      ({ entity, kind }) => (wanted.entity ?? entity) === entity && (wanted.kind === undefined || wanted.kind === kind),
    )
    .reduce((sum, { count }) => sum + count, 0)

const manyEnds = { share: 0.05, number: 50 }

/** Whether so many ends should make a person stop, as so many deletions stop a reconcile: more than fifty, or than a twentieth of all pairs. */
export const isMany = (ends: number, linked: number): boolean =>
  ends > Math.min(manyEnds.number, Math.max(1, Math.ceil(linked * manyEnds.share)))
