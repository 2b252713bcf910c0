/** The story before the first write: what is on both sides already, a plan of it, the plan carried out, and a question about one person. */
import type { PlannedPage } from '../../server/plans.ts'
import type { RunStatus } from '../../server/runs.ts'
import type { Explanation } from '../../sync/explain/explanation.ts'
import { CAST, COMPANIES, type CompanyKey, staffOf } from './cast.ts'
import { known, type Playing } from './playing.ts'
import type { PlanStep, Step } from './steps.ts'
import { cut, plural } from './words.ts'

const pollMs = 50
/** What a line of 80 columns has room for. */
const widest = 66

/** A company and its people, in Clerk since before anybody listened; some of its people are Contacts, as somebody typed them. */
const inherit = (playing: Playing, company: CompanyKey): string[] => {
  const { seed, salesforce, history } = playing
  const people = staffOf(company).map((who) => ({ who, ...CAST.get(who) }))
  const users = people.map(({ who, lastName = null, email = '' }) => ({
    first_name: who,
    last_name: lastName,
    email_addresses: [email],
  }))
  const made = seed({ organizations: [{ name: COMPANIES[company] }], users })
  const [organization = ''] = made.organizations
  seed({ memberships: made.users.map((user_id) => ({ user_id, organization_id: organization, role: 'org:member' })) })
  playing.organizations.set(company, organization)
  history.organizations.set(organization, { names: [COMPANIES[company]] })
  for (const [index, { who, lastName = null, email }] of people.entries()) {
    const user = made.users[index] ?? ''
    playing.users.set(who, user)
    history.people.set(user, { first_name: who, last_name: lastName })
    if (index > 1) continue
    // The first as Clerk has her, the second in the capitals of a list that was bought.
    const typed = index === 0 ? { FirstName: who, LastName: lastName } : capitals(who, lastName)
    history.typed.set(user, { Id: salesforce.person.create('Contact', { ...typed, Email: email }) })
  }
  return []
}

const capitals = (first: string, last: string | null) => ({
  FirstName: first.toUpperCase(),
  LastName: (last ?? '').toUpperCase(),
})

const ended = async ({ ask, sleep }: Playing, begun: RunStatus): Promise<RunStatus> => {
  let run = begun
  while (run.finishedAt === null) {
    await sleep(pollMs)
    run = await ask<RunStatus>(`/api/runs/${run.id}`)
  }
  return run
}

const objects: Readonly<Record<string, string>> = { organization: 'Account', person: 'Contact', membership: 'relation' }

const plan = async (playing: Playing): Promise<string[]> => {
  const run = await ended(playing, await playing.ask<RunStatus>('/api/runs', { kind: 'plan' }))
  const { rows } = await playing.ask<PlannedPage>(`/api/runs/${run.id}/planned?limit=1000`)
  const byKind = Map.groupBy(run.result.planned?.kinds ?? [], ({ kind }) => kind)
  const kinds = [...byKind].map(([kind, counts]) => {
    const list = counts.map(({ entity, count }) => plural(count, objects[entity] ?? entity))
    return `It would ${kind} ${list.join(', ')}`
  })
  const replaced = rows
    .filter(({ flags }) => flags.includes('overwrites'))
    .flatMap(({ fields }) => Object.values(fields))
    .filter(({ before }) => before !== null)
    .map(({ before, after }) => `${before} → ${after}`)
  playing.plan = { mapping: run.result.mapping ?? '', rows }
  return [
    ...kinds,
    `It would overwrite what was typed: ${replaced.join(', ')}`,
    `It would take about ${plural(run.result.cost?.salesforceCalls ?? 0, 'API call')}; nothing is written yet`,
  ].map((line) => cut(line, widest))
}

const apply = async (playing: Playing): Promise<string[]> => {
  const { ask, plan: agreed = { mapping: '', rows: [] } } = playing
  const { id } = await ask<RunStatus>('/api/applies', { mapping: agreed.mapping, file: 'demo' })
  const records = agreed.rows.map(({ entity, clerkId, print }) => ({ entity, clerkId, print }))
  await ask(`/api/applies/${id}/approve`, { records })
  const run = await ended(playing, await ask<RunStatus>(`/api/applies/${id}/start`, {}))
  const done = run.result.applied?.done ?? 0
  if (done !== records.length)
    playing.history.missed.push(`${records.length - done} records of the plan were not written`)
  return [`${done} of ${plural(records.length, 'record')} written, each as it was planned`]
}

const explain = async (playing: Playing, who: string): Promise<string[]> => {
  const { records } = await playing.ask<Explanation>(`/api/explain/${known(playing.users, who)}`)
  const [record] = records
  const name = record?.fields.find(({ field }) => field === 'LastName')
  return [`The pair: ${record?.pairing.text}`, `LastName ${name?.salesforce}: ${name?.why} [rule ${name?.rule}]`].map(
    (line) => cut(line, widest),
  )
}

export const isPlanStep = (step: Step): step is PlanStep =>
  step.do === 'inherit' || step.do === 'plan' || step.do === 'apply' || step.do === 'explain'

/** Does what a step says. Returns what there is to tell of it, a sentence each. */
export const actWithPlan = async (playing: Playing, step: PlanStep): Promise<string[]> => {
  switch (step.do) {
    case 'inherit':
      return inherit(playing, step.company)
    case 'plan':
      return plan(playing)
    case 'apply':
      return apply(playing)
    case 'explain':
      return explain(playing, step.who)
  }
}
