import { createAppInvitations } from './app-invitations.ts'
import type { WaitlistEntryRecord } from './entities.ts'
import type { Instance } from './instance.ts'
import { setWaitlistStatus } from './waitlist.ts'

/**
 * POST /waitlist_entries/{id}/invite: the entry gets an invitation, so that it can only be invited again with `ignoreExisting`.
 * @throws ApiError 400 and 422 as for any other invitation
 */
export const inviteFromWaitlist = (instance: Instance, entry: WaitlistEntryRecord, ignoreExisting: boolean): void => {
  const body = {
    email_address: entry.email_address,
    template_slug: 'waitlist_invitation' as const,
    ignore_existing: ignoreExisting,
  }
  const [invitation] = createAppInvitations(instance, [body], false)
  entry.invitation_id = invitation?.id ?? null
  entry.invited_at = instance.now()
  setWaitlistStatus(instance, entry, 'invited')
}
