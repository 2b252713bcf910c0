import { type CompanyKey, type Role, staffOf } from './cast.ts'
import type { Step } from './steps.ts'

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

/** The story: what was there before is planned and written; then it is told to Clerk, and Salesforce has to follow; then the other way round. */
export const STORY: readonly Act[] = [
  {
    title: 'Before the first write: plan, apply, explain',
    everyMs: 60,
    steps: [{ do: 'inherit', company: 'wickham' }, { do: 'plan' }, { do: 'apply' }, { do: 'explain', who: 'Anselm' }],
  },
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
  {
    title: 'Nadia, in Salesforce, wins a customer',
    everyMs: 150,
    steps: [
      { do: 'enter-account', company: 'ferncastle' },
      { do: 'enter-contact', who: 'Ingrid', company: 'ferncastle', job: 'Head of Operations' },
      { do: 'ask-organization', company: 'ferncastle' },
      { do: 'ask-invitation', who: 'Ingrid' },
      { do: 'accept', who: 'Ingrid' },
    ],
  },
  {
    title: 'Both sides edit, even the same name at once',
    everyMs: 150,
    steps: [
      { do: 'sell', company: 'larkspur', plan: 'Enterprise' },
      { do: 'rename-account', company: 'tidewater', name: 'Tidewater Kitchens' },
      { do: 'rename-both', company: 'hollowoak', clerk: 'Hollow Oak Media', salesforce: 'Hollow Oak Group' },
      { do: 'mistype', who: 'Grace', lastName: 'Okafro' },
    ],
  },
  {
    title: 'Nadia merges, deletes and restores',
    everyMs: 150,
    steps: [
      { do: 'enter-again', who: 'Priya' },
      { do: 'merge', who: 'Priya' },
      { do: 'remove-account', company: 'ferncastle' },
      { do: 'restore-account', company: 'ferncastle' },
    ],
  },
]
