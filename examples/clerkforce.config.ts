/**
 * A mapping to start from: copy it to the folder in which clerkforce runs, and take out what you do not need.
 *
 * Every part may be left out; an empty object gives the defaults. docs/mapping.md explains the rules. The fields with `__c` are
 * examples: make them in your org, give the integration user access to them, then run `clerkforce check`.
 */
import { defineConfig, type MappingConfig } from 'clerkforce'

const config: MappingConfig = defineConfig({
  person: {
    fields: {
      // A path in Clerk's user, as its API shows it.
      Title: 'public_metadata.job_title',
      // A function of the user. Undefined and null mean empty.
      Plan__c: { from: (user) => user.public_metadata['plan'] ?? 'free' },
      // Written while Salesforce has no value, then left to the people there.
      LeadSource: { from: () => 'Web', rule: 'fill-blank' },
      // Cut to the length of the field; a text that is too long parks the Contact otherwise.
      Referrer__c: { from: 'unsafe_metadata.referrer', cut: true },
      // Both ways: whichever side changed last.
      MobilePhone: { from: 'public_metadata.mobile', rule: 'newest' },
      // Kept in Salesforce and shown in Clerk. A function needs to be told where its value is written.
      Level__c: {
        from: (user) => user.public_metadata['level'] ?? 'basic',
        to: 'public_metadata.level',
        rule: 'salesforce',
      },
      // No default mapping for this one.
      Phone: false,
    },
  },
  organization: {
    fields: {
      Clerk_Org_Slug__c: false,
      Seats__c: 'max_allowed_memberships',
    },
    // Adopt the one Account without a Clerk id whose website has the organization's domain.
    match: { field: 'Website', from: 'public_metadata.domain', as: 'domain' },
  },
  membership: {
    fields: {
      // Without the prefix `org:`, for a picklist of AccountContactRelation.
      Roles: { from: (membership) => (membership.role === 'org:admin' ? 'Administrator' : 'Member') },
    },
  },
  policies: {
    membershipEnded: 'deactivate',
    userDeleted: 'anonymise',
    organizationDeleted: 'deactivate',
  },
  // An Account of this type gets an organization in Clerk, twenty in an hour at most.
  provision: { when: { field: 'Type', equals: 'Customer' }, perHour: 20 },
  // A Contact whose checkbox is ticked is invited, once an operator has approved it.
  invite: { role: 'org:member', approval: true, expiresInDays: 14 },
})

export default config
