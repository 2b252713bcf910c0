import type { Clock } from '../../clock.ts'
import { CAST, COMPANIES, type CompanyKey } from './cast.ts'
import type { ClerkApi, ClerkMembership, ClerkOrganization, ClerkUser } from './clerk-api.ts'
import { type Act, type Names, type Step, sentence } from './story.ts'

/** A membership that is over, and between which two moments it ended. */
export type Ended = { membership: ClerkMembership; from: number; to: number }

/** What Clerk no longer knows, but Salesforce has to remember. */
export type History = {
  /** As they were just before. */
  deletedUsers: ClerkUser[]
  deletedOrganizations: ClerkOrganization[]
  /** Those that people left, and those that ended with their user or organization. */
  ended: Ended[]
}

/** What the story is played on. */
export type Stage = {
  clerk: ClerkApi
  /** Makes an organization through clerkforce's API; returns its id. */
  openOrganization: (name: string) => Promise<string>
  /** Makes Salesforce unreachable for that long. */
  startOutage: (ms: number) => void
}

type Playing = Stage & {
  now: () => number
  history: History
  users: Map<string, string>
  organizations: Map<CompanyKey, string>
  lastNames: Map<string, string>
  companyNames: Map<CompanyKey, string>
}

const id = <K>(known: ReadonlyMap<K, string>, key: K): string => {
  const found = known.get(key)
  if (found === undefined) throw new Error(`the story names ${String(key)} too early`)
  return found
}

const signUp = async (playing: Playing, who: string): Promise<void> => {
  const actor = CAST.get(who)
  if (!actor) throw new Error(`${who} is not in the cast`)
  const user = await playing.clerk.post<ClerkUser>('/users', {
    first_name: who,
    ...(actor.lastName !== null && { last_name: actor.lastName }),
    email_address: [actor.email],
    ...(actor.phone !== undefined && { phone_number: [actor.phone] }),
    skip_password_requirement: true,
  })
  playing.users.set(who, user.id)
}

/** Does something that ends memberships, and writes down which and when. */
const ending = async (
  playing: Playing,
  memberships: readonly ClerkMembership[],
  end: () => Promise<unknown>,
): Promise<void> => {
  const from = playing.now()
  await end()
  const to = playing.now()
  for (const membership of memberships) playing.history.ended.push({ membership, from, to })
}

const leave = async (playing: Playing, organization: string, user: string): Promise<void> => {
  const { clerk } = playing
  const all = await clerk.list<ClerkMembership>(`/organizations/${organization}/memberships`)
  const own = all.filter(({ public_user_data }) => public_user_data.user_id === user)
  await ending(playing, own, () => clerk.delete(`/organizations/${organization}/memberships/${user}`))
}

const deleteUser = async (playing: Playing, user: string): Promise<void> => {
  const { clerk, history } = playing
  history.deletedUsers.push(await clerk.get<ClerkUser>(`/users/${user}`))
  const memberships = await clerk.list<ClerkMembership>(`/users/${user}/organization_memberships`)
  await ending(playing, memberships, () => clerk.delete(`/users/${user}`))
}

const closeOrganization = async (playing: Playing, organization: string): Promise<void> => {
  const { clerk, history } = playing
  history.deletedOrganizations.push(await clerk.get<ClerkOrganization>(`/organizations/${organization}`))
  const memberships = await clerk.list<ClerkMembership>(`/organizations/${organization}/memberships`)
  await ending(playing, memberships, () => clerk.delete(`/organizations/${organization}`))
}

const found = async ({ clerk, users, organizations }: Playing, who: string, company: CompanyKey): Promise<void> => {
  const body = { name: COMPANIES[company], created_by: id(users, who) }
  organizations.set(company, (await clerk.post<ClerkOrganization>('/organizations', body)).id)
}

const perform = async (playing: Playing, step: Step): Promise<unknown> => {
  const { clerk } = playing
  const user = 'who' in step && step.do !== 'sign-up' ? id(playing.users, step.who) : ''
  const organization = () => ('company' in step ? id(playing.organizations, step.company) : '')
  switch (step.do) {
    case 'sign-up':
      return signUp(playing, step.who)
    case 'sign-in':
      return clerk.signIn(user)
    case 'ban':
    case 'unban':
    case 'lock':
      return clerk.post(`/users/${user}/${step.do}`)
    case 'delete':
      return deleteUser(playing, user)
    case 'found':
      return found(playing, step.who, step.company)
    case 'open':
      return playing.organizations.set(step.company, await playing.openOrganization(COMPANIES[step.company]))
    case 'join':
      return clerk.post(`/organizations/${organization()}/memberships`, { user_id: user, role: `org:${step.role}` })
    case 'role':
      return clerk.patch(`/organizations/${organization()}/memberships/${user}`, { role: `org:${step.role}` })
    case 'leave':
      return leave(playing, organization(), user)
    case 'email':
      return clerk.post('/email_addresses', { user_id: user, email_address: step.email, verified: true, primary: true })
    case 'surname':
      playing.lastNames.set(step.who, step.lastName)
      return clerk.patch(`/users/${user}`, { last_name: step.lastName })
    case 'rename':
      playing.companyNames.set(step.company, step.name)
      return clerk.patch(`/organizations/${organization()}`, { name: step.name })
    case 'close':
      return closeOrganization(playing, organization())
    case 'outage':
      return playing.startOutage(step.seconds * 1_000)
  }
}

export type PlayOptions = {
  acts: readonly Act[]
  stage: Stage
  clock: Clock
  /** Ends the play early. */
  signal: AbortSignal
  told: {
    act: (index: number) => void
    /** Told when it begins. */
    step: (sentence: string) => void
    /** Told when Clerk has answered. */
    done: () => void
  }
  /** Resolves when an act that waits for Salesforce may end. */
  salesforceAnswers: () => Promise<void>
}

/** Plays the story act by act, and returns what Clerk will have forgotten by the end of it. */
export const play = async ({ acts, stage, clock, signal, told, salesforceAnswers }: PlayOptions): Promise<History> => {
  const playing: Playing = {
    ...stage,
    now: clock.now,
    history: { deletedUsers: [], deletedOrganizations: [], ended: [] },
    users: new Map(),
    organizations: new Map(),
    lastNames: new Map(),
    companyNames: new Map(),
  }
  const names: Names = {
    person: (who) => [who, playing.lastNames.get(who) ?? CAST.get(who)?.lastName].filter(Boolean).join(' '),
    company: (key) => playing.companyNames.get(key) ?? COMPANIES[key],
  }
  for (const [index, act] of acts.entries()) {
    told.act(index)
    for (const step of act.steps) {
      if (signal.aborted) return playing.history
      const next = clock.now() + act.everyMs
      told.step(sentence(step, names))
      await perform(playing, step)
      told.done()
      await clock.sleep(Math.max(0, next - clock.now()), signal)
    }
    if (act.untilSalesforceAnswers) await salesforceAnswers()
  }
  return playing.history
}
