import { type CompanyKey, type Role, staffOf } from './cast.ts'

/** One thing that happens. People go by their first names, which are unique. */
export type Step =
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

export type Act = {
  title: string
  /** From the start of one step to the start of the next; a step that takes longer delays the rest. */
  everyMs: number
  steps: readonly Step[]
  /** The act is over only when Salesforce answers again. */
  untilSalesforceAnswers?: true
}

const signUp = (who: string): Step => ({ do: 'sign-up', who })
const join = (who: string, company: CompanyKey, role: Role = 'member'): Step => ({ do: 'join', who, company, role })

const founders = (['larkspur', 'tidewater', 'hollowoak', 'quillon'] as const).flatMap((company): Step[] => {
  const [who = ''] = staffOf(company)
  return [signUp(who), { do: 'found', who, company }]
})

/** The people of several companies arrive side by side, as they would. */
const staff = (...companies: CompanyKey[]): Step[] => {
  const queues = companies.map((company) =>
    staffOf(company)
      .slice(1)
      .map((who) => [signUp(who), join(who, company)]),
  )
  const longest = Math.max(...queues.map((queue) => queue.length))
  return Array.from({ length: longest }, (_, turn) => queues.flatMap((queue) => queue[turn] ?? [])).flat()
}

const brightmoor: Step[] = [
  { do: 'open', company: 'brightmoor' },
  ...staffOf('brightmoor').flatMap((who, index) => [
    signUp(who),
    join(who, 'brightmoor', index === 0 ? 'admin' : 'member'),
  ]),
]

/** The story, told to Clerk; Salesforce has to follow. */
export const STORY: readonly Act[] = [
  { title: 'Four companies sign up', everyMs: 60, steps: founders },
  {
    title: 'Their people sign up and join',
    everyMs: 30,
    steps: [...staff('larkspur', 'tidewater', 'hollowoak', 'quillon'), signUp('Odile')],
  },
  {
    title: 'Salesforce goes down; Clerk goes on',
    everyMs: 110,
    untilSalesforceAnswers: true,
    steps: [
      { do: 'outage', seconds: 3 },
      { do: 'role', who: 'Mateo', company: 'larkspur', role: 'admin' },
      { do: 'email', who: 'Grace', email: 'grace.okafor@larkspur.example' },
      { do: 'sign-in', who: 'Yuki' },
      join('Finn', 'larkspur'),
      { do: 'surname', who: 'Linnea', lastName: 'Sundström Dahl' },
      { do: 'leave', who: 'Idris', company: 'larkspur' },
      { do: 'ban', who: 'Hanna' },
      join('Wanjiru', 'tidewater'),
      { do: 'sign-in', who: 'Grace' },
      { do: 'leave', who: 'Finn', company: 'tidewater' },
      { do: 'rename', company: 'hollowoak', name: 'Hollow Oak & Sons' },
      join('Idris', 'hollowoak'),
      { do: 'role', who: 'Kofi', company: 'hollowoak', role: 'admin' },
      { do: 'email', who: 'Bruno', email: 'bruno.ferreira@tidewater.example' },
      { do: 'lock', who: 'Viktor' },
      { do: 'surname', who: 'Linnea', lastName: 'Dahl' },
      { do: 'rename', company: 'hollowoak', name: 'Hollow Oak Publishing' },
      { do: 'ban', who: 'Alba' },
      { do: 'unban', who: 'Alba' },
    ],
  },
  { title: 'A fifth company, through clerkforce itself', everyMs: 40, steps: brightmoor },
  {
    title: 'People move on, one company closes',
    everyMs: 60,
    steps: [
      { do: 'leave', who: 'Petra', company: 'larkspur' },
      { do: 'leave', who: 'Theo', company: 'hollowoak' },
      { do: 'delete', who: 'Rohan' },
      { do: 'role', who: 'Yuki', company: 'larkspur', role: 'admin' },
      { do: 'close', company: 'quillon' },
      join('Noor', 'brightmoor'),
      { do: 'sign-in', who: 'Amara' },
      join('Petra', 'larkspur'),
      { do: 'role', who: 'Mateo', company: 'larkspur', role: 'member' },
      { do: 'delete', who: 'Maren' },
      { do: 'email', who: 'Saffi', email: 'saffi@post.example' },
      { do: 'sign-in', who: 'Odile' },
    ],
  },
]

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
  }
}
