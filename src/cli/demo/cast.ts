/** Who is in the story: all of them made up, at addresses that can belong to nobody (RFC 2606). */

export type Role = 'admin' | 'member'

export type Actor = {
  /** Null where Clerk knows no last name: a Contact needs one, and gets a stand-in. */
  lastName: string | null
  email: string
  phone?: string
}

export type CompanyKey = 'larkspur' | 'tidewater' | 'hollowoak' | 'quillon' | 'brightmoor' | 'ferncastle' | 'wickham'

export const COMPANIES: Readonly<Record<CompanyKey, string>> = {
  larkspur: 'Larkspur Robotics',
  tidewater: 'Tidewater Foods',
  hollowoak: 'Hollow Oak Press',
  quillon: 'Quillon Freight',
  brightmoor: 'Brightmoor Clinics',
  ferncastle: 'Ferncastle Glass',
  wickham: 'Wickham Looms',
}

/** First names and last names by company; the first of each company founds it, or is its first admin. */
const STAFF: Record<CompanyKey, readonly (readonly [first: string, last: string | null])[]> = {
  larkspur: [
    ['Grace', 'Okafor'],
    ['Mateo', 'Lindqvist'],
    ['Yuki', 'Tanabe'],
    ['Zoë', 'Marchetti'],
    ['Idris', 'Bello'],
    ['Hanna', 'Virtanen'],
    ['Rohan', 'Deshmukh'],
    ['Petra', 'Novák'],
  ],
  tidewater: [
    ['Amara', 'Castellanos'],
    ['Finn', 'Gallagher'],
    ['Leila', 'Haddad'],
    ['Tomasz', 'Wójcik'],
    ['Saffi', null],
    ['Bruno', 'Ferreira'],
    ['Niamh', "O'Rourke"],
  ],
  hollowoak: [
    ['Esther', 'Achterberg'],
    ['Kofi', 'Mensah'],
    ['Linnea', 'Sundström'],
    ['Viktor', 'Halász'],
    ['Maren', 'Dahl'],
    ['Theo', 'Baptiste'],
  ],
  quillon: [
    ['Dmitri', 'Sokolov'],
    ['Wanjiru', 'Kamau'],
    ['Alba', 'Quintero'],
    ['Noor', 'Siddiqui'],
    ['Jonas', 'Reinholt'],
  ],
  brightmoor: [
    ['Beatriz', 'Salgado'],
    ['Oskar', 'Brandt'],
    ['Priya', 'Raghunathan'],
    ['Emil', 'Thorvald'],
    ['Ruth', 'Abernathy'],
    ['Kaito', 'Mori'],
  ],
  ferncastle: [['Ingrid', 'Falk']],
  wickham: [
    ['Tilda', 'Norris'],
    ['Anselm', 'Vogt'],
    ['Ifeoma', 'Adeyemi'],
    ['Marek', 'Zieliński'],
  ],
}

const addressOf = (first: string, company: CompanyKey): string =>
  `${first
    .normalize('NFD')
    .replace(/[^a-z]/gi, '')
    .toLowerCase()}@${company}.example`

/** First names of a company's people; they are what the story calls them by. */
export const staffOf = (company: CompanyKey): string[] => STAFF[company].map(([first]) => first)

/** Who works in Salesforce's user interface. */
export const SALESPERSON = 'Nadia'

/** Somebody who belongs to no company. */
const LONER = 'Odile'

/** Everybody by first name. */
export const CAST: ReadonlyMap<string, Actor> = new Map<string, Actor>([
  ...(Object.keys(STAFF) as CompanyKey[]).flatMap((company) =>
    STAFF[company].map(([first, lastName]): [string, Actor] => [first, { lastName, email: addressOf(first, company) }]),
  ),
  [LONER, { lastName: 'Fontaine', email: 'odile@mailbox.example', phone: '+33199001234' }],
])

/** What Salesforce holds before the story. */
export const SEEDED = {
  /** Typed in long ago, in capitals and without a Clerk id: Leila's Contact, which is to be adopted. */
  adopted: { FirstName: 'LEILA', LastName: 'HADDAD', Email: 'Leila@Tidewater.example' },
  /** Clerk knows nothing of these: nobody may touch them. */
  account: { Name: 'Pemberton & Daughters' },
  contact: { FirstName: 'Agnes', LastName: 'Pemberton', Email: 'agnes@pemberton.example' },
} as const
