import type { Fields, SalesforceState } from '../../model/model.ts'
import type { Plan } from './plan.ts'

/** `present`; `ended`: deleted, with what it last looked like where we ever saw it; `unseen`: nothing is known. */
export type ClerkPresence = 'present' | 'ended' | 'unseen'

/** What existence alone decides; `linked`: the two agreed before. */
export type Existence = 'nothing' | 'look' | 'create' | 'merge' | 'gone' | 'later'

type Row = Readonly<Record<SalesforceState['state'], { fresh: Existence; linked: Existence }>>

/** Total: every pair of presences, before and after the first agreement, is decided here and nowhere else. */
const table: Readonly<Record<ClerkPresence, Row>> = {
  present: {
    unseen: { fresh: 'look', linked: 'look' },
    absent: { fresh: 'create', linked: 'gone' },
    hidden: { fresh: 'later', linked: 'later' },
    present: { fresh: 'merge', linked: 'merge' },
  },
  ended: {
    unseen: { fresh: 'look', linked: 'look' },
    absent: { fresh: 'create', linked: 'nothing' },
    hidden: { fresh: 'later', linked: 'later' },
    present: { fresh: 'merge', linked: 'merge' },
  },
  unseen: {
    unseen: { fresh: 'nothing', linked: 'nothing' },
    absent: { fresh: 'nothing', linked: 'nothing' },
    hidden: { fresh: 'nothing', linked: 'nothing' },
    present: { fresh: 'nothing', linked: 'nothing' },
  },
}

/** Reads the table. */
export const decideExistence = (clerk: ClerkPresence, salesforce: SalesforceState, linked: boolean): Existence =>
  table[clerk][salesforce.state][linked ? 'linked' : 'fresh']

/**
 * The base as it counts for the record that is there now. A record that took the place of another one, after a merge or because our key was moved to
 * it, never agreed with Clerk: where it is blank nobody emptied anything, and what Clerk holds is not cleared because of it.
 */
export const baseAt = (base: Fields | null, pairedWith: string | null, salesforce: SalesforceState): Fields | null => {
  if (base === null || salesforce.state !== 'present' || salesforce.id === pairedWith) return base
  const held = salesforce.fields
  return Object.fromEntries(Object.entries(base).filter(([field]) => (held[field] ?? null) !== null))
}

/** What is left of a pair whose Salesforce record went: parked, for a second one is made only when a person asks for it. */
export const lost = (
  object: 'Contact' | 'Account',
  whose: 'user' | 'organization',
  key: string,
  salesforce: SalesforceState,
): Extract<Plan, { do: 'park' }> =>
  salesforce.state === 'absent' && salesforce.id !== undefined
    ? {
        do: 'park',
        code: 'DELETED_IN_SALESFORCE',
        reason: `the ${object} ${salesforce.id} was deleted in Salesforce while the ${whose} lives in Clerk: undelete it there, or retry to make a new one`,
      }
    : {
        do: 'park',
        code: 'GIVEN_TO_ANOTHER',
        reason: `somebody put the Clerk id of another ${whose} on the ${object} of this one: put the right id into ${key} of the right ${object}, or retry to make a new one`,
      }

/** Why a plan waits for a record that was there and that no query shows. */
export const hidden = (object: string, salesforce: SalesforceState): string =>
  `${object} ${salesforce.state === 'hidden' ? salesforce.id : ''} was there and is not shown, nor is it in the recycle bin`
