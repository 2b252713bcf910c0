import { styleText } from 'node:util'
import type { SalesforceSide } from './check-salesforce.ts'
import type { ClerkUser } from './clerk-api.ts'
import type { ClerkSide } from './read-clerk.ts'
import type { SalesforceRecord } from './salesforce-api.ts'
import { cut, plural } from './words.ts'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

type Row = { marker: string; name: string; email: string; role: string; status: string; ended: boolean }

const nameOf = (contact: SalesforceRecord): string =>
  [contact['FirstName'], contact['LastName']].map(textOf).filter(Boolean).join(' ')

const rowOf = (contact: SalesforceRecord, relation?: SalesforceRecord): Row => {
  const ended = relation !== undefined && relation['IsActive'] !== true
  const status = textOf(contact['Clerk_Status__c']) || '-'
  return {
    marker: relation?.['IsDirect'] === true ? '•' : ' ',
    name: nameOf(contact),
    email: textOf(contact['Email']),
    role: textOf(relation?.['Clerk_Role__c']).replace(/^org:/, '') || '-',
    status: ended ? (status === 'deleted' ? status : `ended ${textOf(relation?.['EndDate'])}`) : status,
    ended: ended || status === 'deleted',
  }
}

const COLOURS: Readonly<Record<string, 'yellow' | 'red'>> = { banned: 'red', locked: 'yellow', deprovisioned: 'yellow' }

const rowLine = ({ marker, name, email, role, status, ended }: Row, width: number): string => {
  const [nameWidth, roleWidth, statusWidth] = [19, 8, 16]
  const mailWidth = width - 3 - nameWidth - roleWidth - statusWidth
  const cell = (text: string, room: number) => cut(text, room - 1).padEnd(room)
  const fields = ` ${marker} ${cell(name, nameWidth)}${cell(email, mailWidth)}${cell(role, roleWidth)}`
  if (ended) return styleText('dim', fields + status)
  const colour = COLOURS[status]
  return fields + (colour ? styleText(colour, status) : status)
}

const section = (title: string, note: string, rows: readonly Row[], width: number): string[] => [
  '',
  ` ${styleText('bold', cut(title, width - note.length - 4))}  ${styleText('dim', note)}`,
  ...rows.toSorted((a, b) => Number(a.ended) - Number(b.ended)).map((row) => rowLine(row, width)),
]

const shownMetadata = (values: object): string => `public_metadata ${JSON.stringify(values)}`

/** What is in Clerk because Salesforce has it: metadata, and who was invited; lines of at most `columns`. */
export const drawCarried = ({ organizations, users, invitations }: ClerkSide, columns: number): string[] => {
  const width = Math.min(columns, 100) - 1
  const addressOf = ({ email_addresses: [first] }: ClerkUser): string => first?.email_address ?? ''
  const lines = [
    ...[...organizations, ...users]
      .filter(({ public_metadata: values }) => Object.keys(values).length > 0)
      .map((one) => ['name' in one ? one.name : addressOf(one), shownMetadata(one.public_metadata)] as const),
    ...invitations.map(
      ({ email_address: address, role, status }) => [address, `invitation as ${role}, ${status}`] as const,
    ),
  ]
  if (lines.length === 0) return []
  return [
    ` ${styleText('bold', 'What Clerk holds because of Salesforce')}`,
    ...lines.map(([name, what]) => cut(`   ${cut(name, 25).padEnd(26)}${what}`, width)),
  ]
}

/** Accounts with their Contacts and roles, as Salesforce holds them; lines of at most `columns`. */
export const drawTable = ({ Account, Contact, AccountContactRelation }: SalesforceSide, columns: number): string[] => {
  const width = Math.min(columns, 100) - 1
  const contacts = new Map(Contact.map((contact) => [contact.Id, contact]))
  const sections = Account.flatMap((account) => {
    const rows = AccountContactRelation.filter((relation) => relation['AccountId'] === account.Id).flatMap(
      (relation) => {
        const contact = contacts.get(textOf(relation['ContactId']))
        return contact ? [rowOf(contact, relation)] : []
      },
    )
    const active = rows.filter(({ ended }) => !ended).length
    const status = textOf(account['Clerk_Status__c'])
    const plan = textOf(account['Plan__c'])
    const note = status
      ? [status, ...(plan ? [`plan ${plan}`] : []), plural(active, 'active relation')].join(', ')
      : 'not in Clerk, left as it was'
    return section(textOf(account['Name']), note, rows, width)
  })
  const related = new Set(AccountContactRelation.map((relation) => relation['ContactId']))
  const alone = Contact.filter(({ Id }) => !related.has(Id)).map((contact) => rowOf(contact))
  return [
    ` ${styleText('bold', 'What Salesforce holds now')}   ${styleText('dim', '• on the primary Account of the Contact')}`,
    ...sections,
    ...(alone.length > 0 ? section('No Account', 'people without an organization', alone, width) : []),
  ]
}
