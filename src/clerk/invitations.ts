import { type Calls, organizationPath, unlessAbsent } from './calls.ts'
import { type ClerkInvitation, invitationSchema, type Metadata } from './schemas.ts'

export type NewInvitation = {
  /** Capitals make no difference: it is sent in lower case, and looked for so. */
  emailAddress: string
  /** Key of a role, such as `org:member`. Where the instance does not have it, Clerk answers 404 with `param` role. */
  role: string
  /** Has to be an administrator of the organization. Without it, it is nobody's invitation but the application's. */
  inviterUserId?: string | undefined
  /** Both go over to the membership when the invitation is accepted. */
  publicMetadata?: Metadata | undefined
  privateMetadata?: Metadata | undefined
  /** Where the link in the e-mail leads in the end. */
  redirectUrl?: string | undefined
  /** 1 to 365; Clerk's own default is 30. */
  expiresInDays?: number | undefined
  /** Whether Clerk sends the e-mail; its own default is to send it. */
  notify?: boolean | undefined
}

export type InvitationCriteria = {
  status?: 'pending' | 'accepted' | 'revoked' | 'expired' | undefined
  emailAddress?: string | undefined
}

export type Invitations = {
  /**
   * Not idempotent: the e-mail goes out with it. Clerk refuses a second pending invitation of the same address
   * (`organization_invitation_not_unique`) and one of a member (`already_a_member_in_organization`), but after a `lost-answer` the first one
   * may have been accepted or revoked meanwhile: look with `listInvitations` before trying again. Clerk allows 250 an hour for the whole
   * instance, so that a `rate` here may mean a wait of minutes, which concerns no other call.
   */
  createInvitation: (organizationId: string, invitation: NewInvitation) => Promise<ClerkInvitation>
  /**
   * All that match, newest first; without those that Clerk made because of a domain of the organization. An organization that Clerk does
   * not know is an error, which `isAbsent` tells: an empty list would say that nobody was ever invited.
   */
  listInvitations: (organizationId: string, criteria?: InvitationCriteria) => Promise<ClerkInvitation[]>
  /** Undefined where there is no such invitation, or its organization is gone, and all its invitations with it. */
  getInvitation: (organizationId: string, id: string) => Promise<ClerkInvitation | undefined>
  /**
   * Only pending ones can be revoked. After a `lost-answer` it may be sent again; then `organization_invitation_not_pending` means that it is
   * done, or was accepted before. `requestingUserId` has to be an administrator of the organization.
   */
  revokeInvitation: (organizationId: string, id: string, requestingUserId?: string) => Promise<ClerkInvitation>
}

/** What Clerk makes of capitals is not documented. In one spelling, what was made is found again, whether Clerk changes it or not. */
const spelt = (emailAddress: string): string => emailAddress.toLowerCase()

/** Invitations to an organization, which Clerk sends, and counts among its members for the quota while they are pending. */
export function createInvitations({ get, list, write }: Calls): Invitations {
  const pathOf = (organizationId: string): string => `${organizationPath(organizationId)}/invitations`
  const pathOfOne = (organizationId: string, id: string): string =>
    `${pathOf(organizationId)}/${encodeURIComponent(id)}`

  return {
    createInvitation: (organizationId, invitation) => {
      const body = {
        email_address: spelt(invitation.emailAddress),
        role: invitation.role,
        inviter_user_id: invitation.inviterUserId,
        public_metadata: invitation.publicMetadata,
        private_metadata: invitation.privateMetadata,
        redirect_url: invitation.redirectUrl,
        expires_in_days: invitation.expiresInDays,
        notify: invitation.notify,
      }
      return write('POST', pathOf(organizationId), body, invitationSchema, 'invitation')
    },

    listInvitations: (organizationId, { status, emailAddress } = {}) => {
      const query = {
        ...(status === undefined ? {} : { status }),
        ...(emailAddress === undefined ? {} : { email_address: spelt(emailAddress) }),
        order_by: '-created_at',
      }
      return list(pathOf(organizationId), query, invitationSchema, 'list of invitations')
    },

    getInvitation: (organizationId, id) =>
      unlessAbsent(get(pathOfOne(organizationId, id), invitationSchema, 'invitation')),

    revokeInvitation: (organizationId, id, requestingUserId) => {
      const body = { requesting_user_id: requestingUserId }
      return write('POST', `${pathOfOne(organizationId, id)}/revoke`, body, invitationSchema, 'invitation')
    },
  }
}
