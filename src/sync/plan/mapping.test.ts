import { expect, test } from 'vitest'
import { compileRules, type FieldMappings, type UserSource } from './mapping.ts'

const targetsOf = (fields: FieldMappings<UserSource>): Record<string, string | undefined> =>
  Object.fromEntries(
    compileRules({ person: { fields } })
      .person.fields.filter(({ field }) => field in fields)
      .map(({ field, to }) => [field, to]),
  )

test('Salesforce writes back to the path that a field is read from, or to the place that is named', () => {
  const fields: FieldMappings<UserSource> = {
    LastName: { from: 'last_name', rule: 'newest' },
    Title: { from: 'public_metadata.title', rule: 'salesforce' },
    Level__c: { from: (user) => user.public_metadata['level'] ?? 'free', to: 'public_metadata.level', rule: 'park' },
  }
  expect(targetsOf(fields)).toEqual({
    LastName: 'last_name',
    Title: 'public_metadata.title',
    Level__c: 'public_metadata.level',
  })
})

test('Clerk is not written under the rule clerk, nor where nothing can be written', () => {
  const fields: FieldMappings<UserSource> = {
    Title: 'public_metadata.title',
    LastName: { from: 'last_name', rule: 'clerk' },
    Fax: { from: 'primary_phone_number_id', rule: 'newest' },
    Description: { from: 'public_metadata', rule: 'newest' },
    LeadSource: { from: () => 'Web', rule: 'fill-blank' },
  }
  expect(Object.values(targetsOf(fields))).toEqual([undefined, undefined, undefined, undefined, undefined])
})

test('no default mapping writes to Clerk', () => {
  const { person, organization, membership } = compileRules()
  const all = [person, organization, membership].flatMap(({ fields }) => fields)
  expect(all.filter(({ to, rule }) => to !== undefined || rule !== 'clerk')).toEqual([])
})

test('without a word about them, checkboxes ask for organizations and invitations, fifty an hour, without approval', () => {
  const { provision, invite, fights } = compileRules()
  expect(provision).toEqual({
    when: { field: 'Provision_Clerk_Org__c', equals: true, kind: 'boolean' },
    approval: false,
    perHour: 50,
    slug: undefined,
    maxAllowedMemberships: undefined,
  })
  expect(invite).toEqual({
    when: { field: 'Invite_To_Clerk__c', equals: true, kind: 'boolean' },
    role: 'org:member',
    approval: false,
    perHour: 50,
    redirectUrl: undefined,
    expiresInDays: undefined,
  })
  expect(fights).toEqual({ reversals: 5, withinMinutes: 60 })
})

test('provisioning and invitations can be switched off', () => {
  expect(compileRules({ provision: false, invite: false })).toMatchObject({ provision: undefined, invite: undefined })
})
