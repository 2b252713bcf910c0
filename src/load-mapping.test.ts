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
      },
      adopt: false,
      primaryAccount: 'always',
    },
    organization: { fields: {}, match: { field: 'Website', from: 'public_metadata.website', as: 'domain' } },
    membership: { fields: {} },
    policies: { membershipEnded: 'unlink', userDeleted: 'anonymise', organizationDeleted: 'keep' },
  } as const
  expect(checkMappingShape(mapping, 'here')).toBe(mapping)
})

test.each([
  [
    { persons: {} },
    /^here: persons is not known; the mapping may have 'person', 'organization', 'membership', 'policies'\.$/,
  ],
  [{ person: { field: {} } }, /person\.field is not known; person may have 'fields', 'adopt', 'primaryAccount'/],
  [{ person: { adopt: 'yes' } }, /person\.adopt must be true or false/],
  [{ person: { fields: ['Title'] } }, /person\.fields must be an object of Salesforce fields/],
  [{ person: { fields: { Title: 7 } } }, /person\.fields\.Title must be a path, false, or \{ from, rule, cut \}/],
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
