import type { Shown } from '../../emulators/salesforce/person.ts'
import { CAST, COMPANIES } from './cast.ts'
import type { ClerkOrganization } from './clerk-api.ts'
import { known, type Playing } from './playing.ts'
import type { SalesStep, Step } from './steps.ts'

/** Whether the other side shows what came of a step. */
export type Effect = () => Promise<boolean>

type Deeds = {
  [Do in SalesStep['do']]: (
    playing: Playing,
    step: Extract<SalesStep, { do: Do }>,
  ) => Effect | undefined | Promise<Effect | undefined>
}

const live = ({ salesforce }: Playing, object: string, field: string, value: string): Shown | undefined =>
  salesforce.state()[object]?.find((record) => record[field] === value && record['IsDeleted'] !== true)

/** The Account of an organization that the story has an id for. */
const accountOf = (playing: Playing, organization: string): string =>
  String(live(playing, 'Account', 'Clerk_Org_Id__c', organization)?.['Id'])

const contactOf = (playing: Playing, user: string): Shown | undefined =>
  live(playing, 'Contact', 'Clerk_User_Id__c', user)

const organizationOf = ({ clerk }: Playing, id: string): Promise<ClerkOrganization> =>
  clerk.get<ClerkOrganization>(`/organizations/${id}`)

/** Remembers more of what the salesperson decided. */
const typed = ({ history }: Playing, clerkId: string, fields: Readonly<Record<string, string | boolean>>): void => {
  history.typed.set(clerkId, { ...history.typed.get(clerkId), ...fields })
}

const deeds: Deeds = {
  'enter-account': ({ salesforce, accounts }, { company }) => {
    accounts.set(company, salesforce.person.create('Account', { Name: COMPANIES[company] }))
    return undefined
  },
  'enter-contact': ({ salesforce, accounts, contacts }, { who, company, job }) => {
    const { lastName, email } = CAST.get(who) ?? {}
    const values = { FirstName: who, LastName: lastName, Email: email, Job__c: job }
    const AccountId = known(accounts, company)
    contacts.set(who, salesforce.person.create('Contact', { ...values, AccountId }))
    return undefined
  },
  'ask-organization': (playing, { company }) => {
    const { salesforce, history } = playing
    const Id = known(playing.accounts, company)
    salesforce.person.edit('Account', Id, { Provision_Clerk_Org__c: true })
    return async () => {
      const clerkId = live(playing, 'Account', 'Id', Id)?.['Clerk_Org_Id__c']
      if (typeof clerkId !== 'string') return false
      playing.organizations.set(company, clerkId)
      history.organizations.set(clerkId, { names: [COMPANIES[company]] })
      typed(playing, clerkId, { Id, Provision_Clerk_Org__c: true })
      return true
    }
  },
  'ask-invitation': (playing, { who }) => {
    const Id = known(playing.contacts, who)
    playing.salesforce.person.edit('Contact', Id, { Invite_To_Clerk__c: true })
    return async () => live(playing, 'Contact', 'Id', Id)?.['Clerk_Invitation_Status__c'] === 'pending'
  },
  accept: async (playing, { who }) => {
    const Id = known(playing.contacts, who)
    const { FirstName, LastName, Job__c, Clerk_Invitation_Id__c: invitation } = live(playing, 'Contact', 'Id', Id) ?? {}
    const user = await playing.clerk.accept(String(invitation))
    const { history } = playing
    playing.users.set(who, user)
    history.people.set(user, { first_name: null, last_name: null })
    history.invitations.add(String(invitation))
    typed(playing, user, {
      Id,
      FirstName: String(FirstName),
      LastName: String(LastName),
      Job__c: String(Job__c),
      Invite_To_Clerk__c: true,
    })
    return async () => {
      const { Id: linked, Clerk_Invitation_Status__c: status } = contactOf(playing, user) ?? {}
      const role = live(playing, 'AccountContactRelation', 'ContactId', Id)?.['Clerk_Role__c']
      return linked === Id && status === 'accepted' && role === 'org:member'
    }
  },
  sell: (playing, { company, plan }) => {
    const id = known(playing.organizations, company)
    playing.salesforce.person.edit('Account', accountOf(playing, id), { Plan__c: plan })
    typed(playing, id, { Plan__c: plan })
    return async () => (await organizationOf(playing, id)).public_metadata['plan'] === plan
  },
  'rename-account': (playing, { company, name }) => {
    const id = known(playing.organizations, company)
    playing.salesforce.person.edit('Account', accountOf(playing, id), { Name: name })
    playing.history.organizations.set(id, { names: [name] })
    return async () => (await organizationOf(playing, id)).name === name
  },
  'rename-both': async (playing, { company, ...names }) => {
    const id = known(playing.organizations, company)
    const account = accountOf(playing, id)
    const renaming = playing.clerk.patch(`/organizations/${id}`, { name: names.clerk })
    playing.salesforce.person.edit('Account', account, { Name: names.salesforce })
    await renaming
    return async () => {
      const { name } = await organizationOf(playing, id)
      if (live(playing, 'Account', 'Id', account)?.['Name'] !== name) return false
      // The one that both say first; which it is, is the rule's to decide.
      const other = name === names.clerk ? names.salesforce : names.clerk
      playing.history.organizations.set(id, { names: [name, other] })
      return true
    }
  },
  mistype: (playing, { who, lastName }) => {
    const user = known(playing.users, who)
    const { Id, LastName } = contactOf(playing, user) ?? {}
    playing.salesforce.person.edit('Contact', String(Id), { LastName: lastName })
    return async () => contactOf(playing, user)?.['LastName'] === LastName
  },
  'enter-again': (playing, { who }) => {
    const { FirstName, LastName, Email } = contactOf(playing, known(playing.users, who)) ?? {}
    playing.contacts.set(who, playing.salesforce.person.create('Contact', { FirstName, LastName, Email }))
    return undefined
  },
  merge: (playing, { who }) => {
    const user = known(playing.users, who)
    const winner = known(playing.contacts, who)
    playing.salesforce.person.merge('Contact', winner, String(contactOf(playing, user)?.['Id']))
    typed(playing, user, { Id: winner })
    return async () => {
      const { Id, AccountId } = contactOf(playing, user) ?? {}
      return Id === winner && AccountId !== undefined
    }
  },
  'remove-account': (playing, { company }) => {
    playing.salesforce.person.remove('Account', known(playing.accounts, company))
    return async () => {
      const { parked, busy } = await playing.left()
      return parked > 0 && busy === 0
    }
  },
  'restore-account': (playing, { company }) => {
    playing.salesforce.person.undelete('Account', known(playing.accounts, company))
    return async () => {
      const { parked, busy } = await playing.left()
      return parked + busy === 0
    }
  },
}

export const isSalesStep = (step: Step): step is SalesStep => Object.hasOwn(deeds, step.do)

/** Does what a step says; returns how to tell that the other side has followed, for steps that are waited for. */
export const actInSalesforce = async <Do extends SalesStep['do']>(
  playing: Playing,
  step: Extract<SalesStep, { do: Do }>,
): Promise<Effect | undefined> => (deeds[step.do as Do] as Deeds[Do])(playing, step)
