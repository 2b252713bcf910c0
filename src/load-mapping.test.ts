import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SettingError } from './errors.ts'
import { checkMappingShape, loadMapping } from './load-mapping.ts'

const fileWith = (text: string, name = 'clerkforce.config.ts'): string => {
  const folder = mkdtempSync(join(tmpdir(), 'clerkforce-mapping-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

test('without a file the mapping is empty, which means all defaults', async () => {
  expect(await loadMapping(undefined)).toEqual({})
})

test.each([
  ['the default export', 'export default { policies: { userDeleted: "keep" } }', 'clerkforce.config.ts'],
  [
    'an export named config',
    'export const config: object = { policies: { userDeleted: "keep" } }',
    'clerkforce.config.ts',
  ],
  ['JavaScript', 'export default { policies: { userDeleted: "keep" } }', 'mapping.mjs'],
])('a mapping is read from %s', async (_, text, name) => {
  expect(await loadMapping(fileWith(text, name))).toEqual({ policies: { userDeleted: 'keep' } })
})

test('everything that a mapping may have passes', () => {
  const mapping = {
    person: {
      fields: {
        Title: 'public_metadata.title',
        Plan__c: { from: () => 'x', rule: 'park', cut: true },
        Phone: false,
        Fax: { from: 'username', rule: undefined },
        Level__c: {
          from: (user: { public_metadata: object }) => String(user),
          to: 'public_metadata.level',
          rule: 'newest',
        },
        LastName: { from: 'last_name', to: 'last_name', rule: 'salesforce' },
        Department: { from: 'primary_email_address_id', rule: 'fill-blank' },
      },
      adopt: false,
      primaryAccount: 'always',
    },
    organization: { fields: {}, match: { field: 'Website', from: 'public_metadata.website', as: 'domain' } },
    membership: { fields: {} },
    policies: { membershipEnded: 'unlink', userDeleted: 'anonymise', organizationDeleted: 'keep' },
    provision: {
      when: { field: 'Type', equals: 'Customer' },
      approval: true,
      perHour: 10,
      slug: () => 'acme',
      maxAllowedMemberships: 0,
    },
    invite: {
      when: 'Wanted__c',
      role: 'org:admin',
      approval: false,
      perHour: 1,
      redirectUrl: 'https://app.example.com/welcome',
      expiresInDays: 7,
    },
    fights: { reversals: 3, withinMinutes: 10 },
  } as const
  expect(checkMappingShape(mapping, 'here')).toBe(mapping)
})

test('provisioning and invitations can be switched off', () => {
  expect(checkMappingShape({ provision: false, invite: false }, 'x')).toEqual({ provision: false, invite: false })
})

test.each([
  [
    { persons: {} },
    /^here: persons is not known; the mapping may have 'person', 'organization', 'membership', 'policies', 'provision', 'invite', 'fights'\.$/,
  ],
  [{ provision: true }, /provision must be false or an object/],
  [{ provision: { when: { field: 'Type' } } }, /provision\.when\.equals is missing/],
  [{ provision: { when: { field: 'Type', equals: null } } }, /when\.equals must be a text, a number, true or false/],
  [{ provision: { when: 1 } }, /provision\.when must be the name of a checkbox field, or \{ field, equals \}/],
  [{ provision: { perHour: 0 } }, /provision\.perHour must be a whole number from 1 to 100000/],
  [{ provision: { slug: 5 } }, /provision\.slug must be the name of an Account field or a function/],
  [{ provision: { role: 'org:admin' } }, /provision\.role is not known/],
  [{ invite: { role: 'admin' } }, /invite\.role must be the key of a role, such as 'org:member'/],
  [
    { invite: { redirectUrl: 'javascript:alert(1)' } },
    /invite\.redirectUrl must be an http:\/\/ or https:\/\/ address/,
  ],
  [{ invite: { expiresInDays: 366 } }, /invite\.expiresInDays must be a whole number from 1 to 365/],
  [{ fights: { reversals: 1 } }, /fights\.reversals must be a whole number from 2 to 1000/],
  [{ person: { field: {} } }, /person\.field is not known; person may have 'fields', 'adopt', 'primaryAccount'/],
  [{ person: { adopt: 'yes' } }, /person\.adopt must be true or false/],
  [{ person: { fields: ['Title'] } }, /person\.fields must be an object of Salesforce fields/],
  [{ person: { fields: { Title: 7 } } }, /person\.fields\.Title must be a path, false, or \{ from, to, rule, cut \}/],
  [{ person: { fields: { Title: {} } } }, /person\.fields\.Title\.from is missing/],
  [{ person: { fields: { Title: { from: 7 } } } }, /person\.fields\.Title\.from must be a path or a function/],
  [
    { person: { fields: { Title: { from: 'x', rule: 'Clerk' } } } },
    /Title\.rule must be one of 'clerk', 'salesforce', 'fill-blank', 'newest', 'park'/,
  ],
  [{ person: { fields: { Title: { from: 'x', constructor: 1 } } } }, /Title\.constructor is not known/],
  [{ organization: { match: { field: 'Website' } } }, /organization\.match\.from is missing/],
  [
    { policies: { userDeleted: 'remove' } },
    /policies\.userDeleted must be one of 'deactivate', 'anonymise', 'delete', 'keep'/,
  ],
  [{ policies: 'keep' }, /policies must be an object/],
  [undefined, /it must export an object, by default or as `config`/],
  [() => ({}), /it must export an object/],
])('a mapping of the wrong shape is refused in words: %o', (mapping, message) => {
  expect(() => checkMappingShape(mapping, 'here')).toThrow(message)
  expect(() => checkMappingShape(mapping, 'here')).toThrow(SettingError)
})

test('each fault has a line of its own', () => {
  const wrong = { policies: { userDeleted: 'x', organizationDeleted: 'y' }, more: 1 }
  expect(() => checkMappingShape(wrong, 'here')).toThrow(/^here: .*\nhere: .*\nhere: .*$/)
})

test('a file that cannot be run is one line that names it', async () => {
  const file = fileWith('export default {')
  const error = await loadMapping(file).catch((one: unknown) => one)
  expect(error).toBeInstanceOf(SettingError)
  expect(String(error)).toContain(`CLERKFORCE_CONFIG (${file}) cannot be loaded: `)
  expect(String(error)).not.toContain('\n')
})

test.each([
  [
    { person: { fields: { FirstName: 'fist_name' } } },
    /person\.fields\.FirstName begins with 'fist_name'.*did you mean 'first_name'/,
  ],
  [{ person: { fields: { Phone: { from: 'a..b' } } } }, /person\.fields\.Phone\.from is not a path/],
  [
    { organization: { match: { field: 'Website', from: 'first_name' } } },
    /organization\.match\.from begins with 'first_name'/,
  ],
  [{ membership: { fields: { Clerk_Role__c: 'organization.name' } } }, /Clerk's membership does not have/],
])('a path that Clerk does not have is named, because it would empty the field: %j', (config, expected) => {
  expect(() => checkMappingShape(config, 'x')).toThrow(expected)
})

test('any path below metadata, and any function, is taken', () => {
  const fields = { Title: 'public_metadata.a.b', Phone: { from: () => '1' }, Department: 'unsafe_metadata' }
  expect(checkMappingShape({ person: { fields } }, 'x')).toEqual({ person: { fields } })
})

const title = (mapping: object) => ({ person: { fields: { Title: mapping } } })

test.each([
  [
    title({ from: () => 'x', to: 'email_addresses', rule: 'newest' }),
    /Title\.to cannot be written in Clerk's user: only/,
  ],
  [title({ from: () => 'x', to: 'first_nam', rule: 'newest' }), /Title\.to begins with 'first_nam'.*'first_name'/],
  [title({ from: () => 'x', to: 'public_metadata', rule: 'newest' }), /Title\.to must name a key/],
  [title({ from: () => 'x', to: 'public_metadata.__proto__.a', rule: 'newest' }), /Title\.to cannot be written/],
  [title({ from: () => 'x', to: 7, rule: 'newest' }), /Title\.to must be a path/],
  [title({ from: () => 'x', to: 'username' }), /Title\.to has no use: under the rule 'clerk'/],
  [title({ from: 'username', to: 'username', rule: 'clerk' }), /Title\.to has no use: under the rule 'clerk'/],
  [title({ from: 'username', to: 'last_name', rule: 'park' }), /Title\.to is 'last_name', but from reads 'username'/],
  [
    { organization: { fields: { Sic: { from: () => 'x', to: 'unsafe_metadata.a', rule: 'park' } } } },
    /Sic\.to begins with 'unsafe_metadata', which Clerk's organization does not have/,
  ],
  [
    { membership: { fields: { Clerk_Role__c: { from: 'role', to: 'role', rule: 'newest' } } } },
    /Clerk_Role__c\.to cannot be written in Clerk's membership: only 'public_metadata\.…', 'private_metadata\.…' can/,
  ],
])('a place in Clerk that cannot take the value is named: %o', (config, expected) => {
  expect(() => checkMappingShape(config, 'x')).toThrow(expected)
})

const written = (...places: string[]) => ({
  person: { fields: Object.fromEntries(places.map((from, i) => [`Field_${i}__c`, { from, rule: 'newest' }])) },
})

test.each([
  [['public_metadata.a', 'public_metadata.a'], /Field_0__c and Field_1__c both write 'public_metadata\.a' in Clerk/],
  [['public_metadata.a.b', 'public_metadata.a'], /both write 'public_metadata\.a\.b' and 'public_metadata\.a'/],
])('two fields cannot write one place in Clerk: %o', (places, expected) => {
  expect(() => checkMappingShape(written(...places), 'x')).toThrow(expected)
})

test('many fields may read one place in Clerk, and neighbours may be written', () => {
  const readers = { A__c: 'public_metadata.a', B__c: { from: 'public_metadata.a', rule: 'salesforce' } }
  expect(checkMappingShape({ person: { fields: readers } }, 'x')).toEqual({ person: { fields: readers } })
  const neighbours = written('public_metadata.a', 'public_metadata.ab', 'private_metadata.a', 'last_name', 'first_name')
  expect(checkMappingShape(neighbours, 'x')).toBe(neighbours)
})
