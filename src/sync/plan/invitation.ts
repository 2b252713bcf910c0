/**
 * An invitation stands on the Contact that was invited: its id and its state, and nothing else. It never makes a Contact, and takes nothing
 * away: what becomes of it in Clerk is told, and that is all.
 */
import type { Fields, MirrorRecord, SalesforceState } from '../../model/model.ts'
import { decideExistence, hidden } from './existence.ts'
import { finish, newDraft, setField } from './fields.ts'
import { invitationFields, invitationStates } from './grants.ts'
import type { Plan } from './plan.ts'

export type InvitationInput = {
  clerk: MirrorRecord | undefined
  /** The Contact that was invited; null where another invitation has taken its place, or nobody here asked for this one. */
  contactId: string | null
  base: Fields | null
  salesforce: SalesforceState
  /** False where inviting is switched off, or the org does not have the fields. */
  wanted: boolean
}

/** An invitation goes with its organization, of which Clerk tells; nobody can accept it any more. */
const stateOf = ({ body, deletedAt }: MirrorRecord): string | undefined => {
  const status = deletedAt === null ? body['status'] : 'revoked'
  return typeof status === 'string' && invitationStates.includes(status) ? status : undefined
}

/** Plans one invitation and the two fields of its Contact. */
export const planInvitation = ({ clerk, contactId, base, salesforce, wanted }: InvitationInput): Plan => {
  if (!clerk || contactId === null) return { do: 'none', reason: 'no Contact has this invitation' }
  if (!wanted) return { do: 'none', id: contactId, reason: 'nothing is told of invitations: they are switched off' }
  const decision = decideExistence('present', salesforce, base !== null)
  if (decision === 'look') return { do: 'look', reason: 'Salesforce was never asked for this Contact' }
  if (decision === 'later') return { do: 'later', reason: hidden('Contact', salesforce) }
  // Deleted, it may come back: the pair stays.
  if (salesforce.state !== 'present')
    return { do: 'none', id: contactId, reason: 'the Contact that was invited is gone' }
  const draft = newDraft(base)
  const status = stateOf(clerk)
  setField(draft, invitationFields.id, clerk.id, salesforce.fields, 'our key')
  if (status !== undefined)
    setField(draft, invitationFields.status, status, salesforce.fields, 'state of the invitation in Clerk')
  return finish(draft, salesforce.id, 'update', 'the invitation changed')
}
