/**
 * The types of events that Clerk sends: the 45 of its webhook OpenAPI file (2025-04-15) and `subscriptionItem.created`, which only the
 * types of `@clerk/backend` name.
 */
export const eventTypes = [
  'email.created',
  'organization.created',
  'organization.deleted',
  'organization.updated',
  'organizationDomain.created',
  'organizationDomain.deleted',
  'organizationDomain.updated',
  'organizationInvitation.accepted',
  'organizationInvitation.created',
  'organizationInvitation.revoked',
  'organizationMembership.created',
  'organizationMembership.deleted',
  'organizationMembership.updated',
  'paymentAttempt.created',
  'paymentAttempt.updated',
  'permission.created',
  'permission.deleted',
  'permission.updated',
  'role.created',
  'role.deleted',
  'role.updated',
  'session.created',
  'session.ended',
  'session.pending',
  'session.removed',
  'session.revoked',
  'sms.created',
  'subscription.active',
  'subscription.created',
  'subscription.pastDue',
  'subscription.updated',
  'subscriptionItem.abandoned',
  'subscriptionItem.active',
  'subscriptionItem.canceled',
  'subscriptionItem.created',
  'subscriptionItem.ended',
  'subscriptionItem.freeTrialEnding',
  'subscriptionItem.incomplete',
  'subscriptionItem.pastDue',
  'subscriptionItem.upcoming',
  'subscriptionItem.updated',
  'user.created',
  'user.deleted',
  'user.updated',
  'waitlistEntry.created',
  'waitlistEntry.updated',
] as const

export type EventType = (typeof eventTypes)[number]

/** @throws Error that says which types there are */
export const assertEventType: (type: string) => asserts type is EventType = (type) => {
  if (!eventTypes.some((known) => known === type))
    throw new Error(`${type} is not a type of event that Clerk sends; there are ${eventTypes.join(', ')}.`)
}
