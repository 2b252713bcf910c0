/**
 * Tests of a mapping: what would be written, asked of the planner that writes. Run it with `node --test`; nothing is needed but clerkforce and
 * your clerkforce.config.ts, in place of the mapping below.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineConfig, testMapping } from 'clerkforce'

const config = defineConfig({
  person: {
    fields: {
      Title: 'public_metadata.job_title',
      LeadSource: { from: () => 'Web', rule: 'fill-blank' },
      Level__c: { from: 'public_metadata.level', rule: 'salesforce' },
    },
  },
})
const mapping = testMapping(config, { shape: { Contact: { Title: { type: 'string', length: 128 } } } })

const ada = {
  id: 'user_ada',
  first_name: 'Ada',
  last_name: 'Lovelace',
  email_addresses: [{ email_address: 'ada@example.com' }],
  public_metadata: { job_title: 'Analyst' },
}

test('a new user becomes a Contact with a title', () => {
  const { do: what, salesforce } = mapping.person({ user: ada })
  assert.equal(what, 'create')
  assert.equal(salesforce['Title'], 'Analyst')
  assert.equal(salesforce['LeadSource'], 'Web')
})

test('a Contact with the same address is adopted, and keeps the source that sales gave it', () => {
  const contact = { Id: '003000000000001AAA', LastName: 'King', Email: 'Ada@Example.com', LeadSource: 'Referral' }
  const { do: what, salesforce, why } = mapping.person({ user: ada, contact })
  assert.equal(what, 'adopt')
  assert.equal(salesforce['LastName'], 'Lovelace')
  assert.equal(why['LastName'], 'Clerk owns this field')
  assert.ok(!('LeadSource' in salesforce))
})

test('a level that sales sets goes to the metadata of the user', () => {
  const first = mapping.person({ user: ada })
  const contact = { Id: '003000000000001AAA', ...first.salesforce, Level__c: 'Gold' }
  const { do: what, clerk } = mapping.person({ user: ada, contact, base: first.base })
  assert.equal(what, 'carry')
  assert.deepEqual(clerk, { 'public_metadata.level': 'Gold' })
})

test('several Contacts with the address are left to a person', () => {
  const contact = [
    { Id: '003000000000001AAA', Email: 'ada@example.com' },
    { Id: '003000000000002AAA', Email: 'ada@example.com' },
  ]
  const { do: what, code } = mapping.person({ user: ada, contact })
  assert.equal(what, 'park')
  assert.equal(code, 'AMBIGUOUS')
})
