import { type CompanyKey, type Role, SALESPERSON } from './cast.ts'

/** What happens in Clerk. People go by their first names, which are unique. */
export type ClerkStep =
  | { do: 'sign-up' | 'sign-in' | 'ban' | 'unban' | 'lock' | 'delete'; who: string }
  /** Makes an organization in Clerk; the founder becomes its first admin. */
  | { do: 'found'; who: string; company: CompanyKey }
  /** Makes an organization through clerkforce's own API. */
  | { do: 'open'; company: CompanyKey }
  | { do: 'join' | 'role'; who: string; company: CompanyKey; role: Role }
  | { do: 'leave'; who: string; company: CompanyKey }
  | { do: 'email'; who: string; email: string }
  | { do: 'surname'; who: string; lastName: string }
  | { do: 'rename'; company: CompanyKey; name: string }
  | { do: 'close'; company: CompanyKey }
  /** Salesforce answers 503 to everything from here on. */
  | { do: 'outage'; seconds: number }

/** What a salesperson does in Salesforce by hand, and whom it concerns. The story goes on when the other side shows what comes of it. */
export type SalesStep =
  | { do: 'enter-account'; company: CompanyKey }
  | { do: 'enter-contact'; who: string; company: CompanyKey; job: string }
  /** Ticks the checkbox that asks for an organization, or for an invitation. */
  | { do: 'ask-organization'; company: CompanyKey }
  | { do: 'ask-invitation'; who: string }
  /** Who was invited follows the link. */
  | { do: 'accept'; who: string }
  | { do: 'sell'; company: CompanyKey; plan: string }
  | { do: 'rename-account'; company: CompanyKey; name: string }
  /** Somebody renames the organization in Clerk at the same moment. */
  | { do: 'rename-both'; company: CompanyKey; clerk: string; salesforce: string }
  | { do: 'mistype'; who: string; lastName: string }
  /** Enters somebody who is there already, and merges the two into the new one. */
  | { do: 'enter-again' | 'merge'; who: string }
  | { do: 'remove-account' | 'restore-account'; company: CompanyKey }

/** Before the first write: what was there before clerkforce, a plan, its apply, and a question. */
export type PlanStep =
  | { do: 'inherit'; company: CompanyKey }
  | { do: 'plan' | 'apply' }
  | { do: 'explain'; who: string }

export type Step = ClerkStep | SalesStep | PlanStep

/** What people and companies are called at the moment. */
export type Names = { person: (who: string) => string; company: (key: CompanyKey) => string }

/** A step as a sentence, in the names of the moment before it. */
export const sentence = (step: Step, { person, company }: Names): string => {
  switch (step.do) {
    case 'sign-up':
      return `${person(step.who)} signs up`
    case 'sign-in':
      return `${person(step.who)} signs in`
    case 'ban':
      return `${person(step.who)} is banned`
    case 'unban':
      return `${person(step.who)} is let in again`
    case 'lock':
      return `${person(step.who)} is locked out`
    case 'delete':
      return `${person(step.who)} is deleted`
    case 'found':
      return `${person(step.who)} founds ${company(step.company)}`
    case 'open':
      return `clerkforce creates ${company(step.company)}: POST /api/organizations`
    case 'join':
      return `${person(step.who)} joins ${company(step.company)} as ${step.role}`
    case 'role':
      return `${person(step.who)} becomes ${step.role} of ${company(step.company)}`
    case 'leave':
      return `${person(step.who)} leaves ${company(step.company)}`
    case 'email':
      return `${person(step.who)} has a new address, ${step.email}`
    case 'surname':
      return `${person(step.who)} is now called ${step.lastName}`
    case 'rename':
      return `${company(step.company)} is now called ${step.name}`
    case 'close':
      return `${company(step.company)} is deleted`
    case 'outage':
      return `Salesforce stops answering for ${step.seconds} s`
    case 'enter-account':
      return `${SALESPERSON} enters the Account ${company(step.company)} in Salesforce`
    case 'enter-contact':
      return `${SALESPERSON} enters its Contact ${person(step.who)}, ${step.job}`
    case 'ask-organization':
      return `${SALESPERSON} ticks Provision_Clerk_Org__c on the Account`
    case 'ask-invitation':
      return `${SALESPERSON} ticks Invite_To_Clerk__c on the Contact`
    case 'accept':
      return `${person(step.who)} accepts the invitation in Clerk`
    case 'sell':
      return `${SALESPERSON} sets Plan__c of ${company(step.company)} to ${step.plan}`
    case 'rename-account':
      return `${SALESPERSON} renames the Account ${company(step.company)}: ${step.name}`
    case 'rename-both':
      return `At once: ${step.salesforce} in Salesforce, ${step.clerk} in Clerk`
    case 'mistype':
      return `${SALESPERSON} mistypes the Contact ${person(step.who)}: ${step.lastName}`
    case 'enter-again':
      return `${SALESPERSON} enters ${person(step.who)} a second time`
    case 'merge':
      return `${SALESPERSON} merges the two Contacts; the new one wins`
    case 'remove-account':
      return `${SALESPERSON} deletes the Account ${company(step.company)}, Contact and all`
    case 'restore-account':
      return `${SALESPERSON} restores it from the recycle bin`
    case 'inherit':
      return `${company(step.company)} is in Clerk, and partly in Salesforce, since before`
    case 'plan':
      return 'clerkforce plan: what would be written'
    case 'apply':
      return 'clerkforce apply: exactly that'
    case 'explain':
      return `clerkforce explain: why is ${person(step.who)} as it is`
  }
}

/** What the other side shows in the end, as a sentence; undefined for steps that are not waited for. */
export const outcome = (step: Step, { person, company }: Names): string | undefined => {
  switch (step.do) {
    case 'ask-organization':
      return 'Clerk has the organization; its id is on the Account'
    case 'ask-invitation':
      return 'Clerk has invited her; the Contact says pending'
    case 'accept':
      return 'Her user is linked to that very Contact: accepted, member'
    case 'sell':
      return `In Clerk, public_metadata.plan is ${step.plan}`
    case 'rename-account':
      return `In Clerk, the organization is ${company(step.company)}`
    case 'rename-both':
      return `Both sides say ${company(step.company)}`
    case 'mistype':
      return `${person(step.who)} again: a user's name is Clerk's to say`
    case 'merge':
      return 'The winner has her Clerk id, Account and role'
    case 'remove-account':
      return 'Parked, for a person to see; Clerk loses nothing'
    case 'restore-account':
      return 'Nothing is parked; the pairs are as they were'
    default:
      return undefined
  }
}
