import type { SalesforceState } from '../../model/model.ts'

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

/** Why a plan waits for a record that was there and that no query shows. */
export const hidden = (object: string, salesforce: SalesforceState): string =>
  `${object} ${salesforce.state === 'hidden' ? salesforce.id : ''} was there and is not shown, nor is it in the recycle bin`
