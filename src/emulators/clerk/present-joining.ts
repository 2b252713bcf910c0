import type { AppInvitationRecord, WaitlistEntryRecord } from './entities.ts'
import type { Instance } from './instance.ts'

/** An invitation to the application itself. */
export const appInvitationJson = (invitation: AppInvitationRecord): Record<string, unknown> => ({
  object: 'invitation',
  id: invitation.id,
  email_address: invitation.email_address,
  public_metadata: invitation.public_metadata,
  revoked: invitation.status === 'revoked',
  status: invitation.status,
  ...(invitation.status === 'pending' && { url: invitation.url }),
  expires_at: invitation.expires_at,
  created_at: invitation.created_at,
  updated_at: invitation.updated_at,
})

export const waitlistEntryJson = ({ store }: Instance, entry: WaitlistEntryRecord): Record<string, unknown> => {
  const invitation = entry.invitation_id === null ? undefined : store.appInvitations.get(entry.invitation_id)
  return {
    object: 'waitlist_entry',
    id: entry.id,
    email_address: entry.email_address,
    status: entry.status,
    is_locked: false,
    created_at: entry.created_at,
    updated_at: entry.updated_at,
    invitation: invitation ? appInvitationJson(invitation) : null,
  }
}
