/** Whatever people do in Salesforce, and whatever the stream does meanwhile: in the end what we remember is what Salesforce holds. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jumpingClock } from '../support/jumping-clock.ts'
import { pairsOf } from '../support/pairs.ts'
import { runs } from '../support/runs.ts'
import { startTwoSides, type TwoSides } from '../support/two-sides.ts'

type Shown = Record<string, unknown>

/** How many histories are played. */
const histories = runs(3)
const config = { person: { fields: { Job__c: { from: 'public_metadata.job', rule: 'salesforce' } } } } as const

type Act =
  | { do: 'edit' | 'rename' | 'unlink' | 'remove' | 'undelete'; who: number; text: string }
  | { do: 'repeat' | 'drop' | 'unavailable' | 'reset' | 'expire' }
  | { do: 'gap' | 'overflow'; who: number; text: string }

const who = fc.nat({ max: 2 })
const text = fc.stringMatching(/^[a-z]{1,6}$/)
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('edit', 'rename', 'unlink', 'remove', 'undelete'), who, text }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('repeat', 'drop', 'unavailable', 'reset', 'expire') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('gap', 'overflow'), who, text }) },
)

const play = ({ org, record }: TwoSides, contacts: readonly string[], one: Act): void => {
  const { person, events } = org
  const id = 'who' in one ? String(contacts[one.who]) : ''
  const lives = id !== '' && record('Contact', id)['IsDeleted'] !== true
  const edit = (values: Shown): void => {
    if (lives) person.edit('Contact', id, values)
  }
  const last = events.list().at(-1)
  switch (one.do) {
    case 'edit':
      edit({ Job__c: one.text })
      break
    case 'rename':
      edit({ LastName: one.text })
      break
    case 'unlink':
      edit({ Clerk_User_Id__c: null })
      break
    case 'remove':
      if (lives) person.remove('Contact', id)
      break
    case 'undelete':
      if (!lives) person.undelete('Contact', id)
      break
    case 'repeat':
      if (last) events.repeat(last.replayId)
      break
    case 'drop':
    case 'unavailable':
      events.disconnect(one.do)
      break
    case 'reset':
      events.resetStream()
      break
    case 'expire':
      org.expireTokens()
      break
    case 'gap':
    case 'overflow': {
      events.set({ capture: false })
      edit({ Job__c: one.text })
      events.set({ capture: true })
      const told =
        one.do === 'gap'
          ? { changeType: 'GAP_UPDATE' as const, recordIds: [id] }
          : { changeType: 'GAP_OVERFLOW' as const }
      events.announce({ object: 'Contact', ...told })
    }
  }
}

/** What is remembered of these Contacts, beside what Salesforce holds. */
const bothSides = async ({ db, record }: TwoSides, contacts: readonly string[]): Promise<[unknown, unknown]> => {
  const rows = await db.query<{ id: string; body: Shown; deleted: boolean }>(
    `select id, body, deleted_at is not null as deleted from clerkforce.record
     where side = 'salesforce' and entity = 'person' and id = any($1) order by id`,
    [contacts],
  )
  const ours = rows.map(({ id, body, deleted }) => (deleted ? { id } : { id, ...body }))
  const theirs = rows.map(({ id, body }) => {
    const held = record('Contact', id)
    if (held['IsDeleted'] === true) return { id }
    return { id, ...Object.fromEntries(Object.keys(body).map((field) => [field, held[field] ?? null])) }
  })
  return [ours, theirs]
}

test('any sequence of edits in Salesforce, under any faults of the stream, ends with the mirror equal to Salesforce', async () => {
  const clock = jumpingClock()
  const sides = await startTwoSides({ clock, config })
  const pairs = pairsOf(sides)
  let name = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(act, fc.boolean()), { minLength: 4, maxLength: 10 }), async (acts) => {
      const people = []
      for (let i = 0; i < 3; i++) people.push(await pairs.person(`Person${++name}`))
      const contacts = people.map(({ contactId }) => contactId)
      for (const [one, wait] of acts) {
        play(sides, contacts, one)
        if (wait) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await clock.hasten(() => sides.clerkforce.engine.health().following.by === 'stream')
      await sides.settled()
      const [ours, theirs] = await bothSides(sides, contacts)
      expect(ours).toHaveLength(contacts.length)
      expect(ours).toEqual(theirs)
      for (const { userId, contactId } of people) {
        const deleted = sides.record('Contact', contactId)['IsDeleted'] === true
        expect((await pairs.link(userId)).code).toBe(deleted ? 'DELETED_IN_SALESFORCE' : null)
      }
    }),
    { numRuns: histories, endOnFailure: true },
  )
})
