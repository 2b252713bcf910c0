import { CAST, COMPANIES, type CompanyKey } from './cast.ts'
import type { ClerkMembership, ClerkOrganization, ClerkUser } from './clerk-api.ts'
import { known, type Playing } from './playing.ts'
import type { ClerkStep } from './steps.ts'

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
  playing.history.people.set(user.id, { first_name: who, last_name: actor.lastName })
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
  history.people.delete(user)
}

const closeOrganization = async (playing: Playing, organization: string): Promise<void> => {
  const { clerk, history } = playing
  history.deletedOrganizations.push(await clerk.get<ClerkOrganization>(`/organizations/${organization}`))
  const memberships = await clerk.list<ClerkMembership>(`/organizations/${organization}/memberships`)
  await ending(playing, memberships, () => clerk.delete(`/organizations/${organization}`))
  history.organizations.delete(organization)
}

/** There is an organization now, however it was made. */
const appeared = ({ organizations, history }: Playing, company: CompanyKey, organization: string): void => {
  organizations.set(company, organization)
  history.organizations.set(organization, { names: [COMPANIES[company]] })
}

const found = async (playing: Playing, who: string, company: CompanyKey): Promise<void> => {
  const body = { name: COMPANIES[company], created_by: known(playing.users, who) }
  appeared(playing, company, (await playing.clerk.post<ClerkOrganization>('/organizations', body)).id)
}

/** Does in Clerk what a step says. */
export const actInClerk = async (playing: Playing, step: ClerkStep): Promise<unknown> => {
  const { clerk } = playing
  const user = 'who' in step && step.do !== 'sign-up' ? known(playing.users, step.who) : ''
  const organization = () => ('company' in step ? known(playing.organizations, step.company) : '')
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
      return appeared(playing, step.company, await playing.openOrganization(COMPANIES[step.company]))
    case 'join':
      return clerk.post(`/organizations/${organization()}/memberships`, { user_id: user, role: `org:${step.role}` })
    case 'role':
      return clerk.patch(`/organizations/${organization()}/memberships/${user}`, { role: `org:${step.role}` })
    case 'leave':
      return leave(playing, organization(), user)
    case 'email':
      return clerk.post('/email_addresses', { user_id: user, email_address: step.email, verified: true, primary: true })
    case 'surname':
      playing.history.people.set(user, { first_name: step.who, last_name: step.lastName })
      return clerk.patch(`/users/${user}`, { last_name: step.lastName })
    case 'rename':
      playing.history.organizations.set(organization(), { names: [step.name] })
      return clerk.patch(`/organizations/${organization()}`, { name: step.name })
    case 'close':
      return closeOrganization(playing, organization())
    case 'outage':
      return playing.startOutage(step.seconds * 1_000)
  }
}
