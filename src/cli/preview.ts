import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { readSettings } from '../config.ts'
import type { Value } from '../model/model.ts'
import type { GivenRecord, Preview } from '../preview/test-mapping.ts'
import { addOptions } from './add-options.ts'
import { printJson, renderTable } from './table.ts'

type Flags = {
  user?: string
  contact?: string
  organization?: string
  account?: string
  membership?: string
  relation?: string
  base?: string
  linked: boolean
  describe: string[]
  json: boolean
}

/** A file with JSON; `-` is standard input. What it holds is personal data, so an error quotes nothing of it. */
const readRecord = (flag: string, file: string): GivenRecord => {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read'
    throw new Error(`--${flag}: ${file} cannot be read (${code})`)
  }
  try {
    return JSON.parse(text) as GivenRecord
  } catch {
    throw new Error(`--${flag}: ${file} is not JSON`)
  }
}

const given = <Name extends string>(name: Name, file: string | undefined) =>
  (file === undefined ? {} : { [name]: readRecord(name, file) }) as { [key in Name]?: GivenRecord }

/** What `sf sobject describe --json` prints: the answer of `describe`, or that within `result`. */
const readShapes = (files: readonly string[]) =>
  Object.fromEntries(
    files.map((file) => {
      const json = readRecord('describe', file)
      const described = (json['result'] ?? json) as { name?: string; fields?: { name: string; type: string }[] }
      if (typeof described.name !== 'string' || !Array.isArray(described.fields))
        throw new Error(`--describe: ${file} is not what describe answers with: it has no name or no fields`)
      return [described.name, { fields: described.fields }]
    }),
  )

const show = (value: Value | undefined): string => (value === null || value === undefined ? '' : String(value))

const verbs: Readonly<Record<Preview['do'], string>> = {
  create: 'is created',
  adopt: 'is adopted',
  update: 'is updated',
  end: 'is ended',
  delete: 'is deleted',
  unpair: 'gives its key up',
  carry: 'stays as it is; Clerk is written',
  none: 'stays as it is',
  park: 'is parked',
  wait: 'waits',
}

const renderPreview = (object: string, preview: Preview): string => {
  const { do: what, code, reason, salesforce, clerk, before, why, notes } = preview
  const line =
    (side: string) =>
    ([field, value]: [string, Value]): string[] => [
      `${side}\n${field}`,
      show(before[field]),
      show(value),
      why[field] ?? '',
    ]
  const rows = [...Object.entries(salesforce).map(line(object)), ...Object.entries(clerk).map(line('Clerk'))]
  const columns = [
    { title: 'Field' },
    { title: 'Now', wraps: true },
    { title: 'Then', wraps: true },
    { title: 'Why', wraps: true },
  ] as const
  return [
    `${object} ${verbs[what]}: ${code === undefined ? '' : `${code}, `}${reason}.`,
    ...(rows.length > 0 ? [renderTable(columns, rows).trimEnd()] : []),
    ...notes.map((note) => `note: ${note}`),
    '',
  ].join('\n')
}

const preview = async (flags: Flags): Promise<{ [object: string]: Preview }> => {
  const [{ loadMapping }, { testMapping }] = await Promise.all([
    import('../load-mapping.ts'),
    import('../preview/test-mapping.ts'),
  ])
  const { mapping: settings } = readSettings(['mapping'], { flags })
  const mapping = testMapping(await loadMapping(settings.file), { shape: readShapes(flags.describe) })
  const { user } = given('user', flags.user)
  const { organization } = given('organization', flags.organization)
  const { membership } = given('membership', flags.membership)
  const contact = given('contact', flags.contact)
  const account = given('account', flags.account)
  const linked = flags.linked ? { linked: true } : {}
  const base = given('base', flags.base) as { base?: Preview['salesforce'] }
  // The base is that of the first record asked about: a person's, an organization's, a membership's.
  const ofPerson = user ? base : {}
  const ofOrganization = user ? {} : base
  const ofMembership = user || organization ? {} : base
  const memberships = membership ? { memberships: [membership] } : {}
  return {
    ...(user && { Contact: mapping.person({ user, ...contact, ...memberships, ...linked, ...ofPerson }) }),
    ...(organization && { Account: mapping.organization({ organization, ...account, ...linked, ...ofOrganization }) }),
    ...(membership && {
      AccountContactRelation: mapping.membership({
        membership,
        ...given('relation', flags.relation),
        ...contact,
        ...account,
        ...ofMembership,
      }),
    }),
  }
}

const collect = (file: string, before: readonly string[]): string[] => [...before, file]

export const registerPreview = (program: Command): void => {
  const command = program
    .command('preview')
    .description('show what the mapping would write for records in files; asks neither side, needs no database')
    .option('--user <file>', "a Clerk user as JSON, as the API or a webhook gives it; '-' reads standard input")
    .option('--contact <file>', 'the Contact that there is, as REST gives it; a list of several to choose from')
    .option('--organization <file>', 'a Clerk organization')
    .option('--account <file>', 'the Account that there is')
    .option('--membership <file>', 'a Clerk membership; with --user it is the user’s')
    .option('--relation <file>', 'the AccountContactRelation that there is')
    .option('--base <file>', 'what both sides last agreed on: an object of Salesforce fields')
    .option('--linked', 'the records are a pair already', false)
    .option(
      '--describe <file>',
      'types and lengths: what sf sobject describe --json prints; may be repeated',
      collect,
      [],
    )
    .option('--json', 'print JSON', false)
    .action(async (flags: Flags) => {
      if (!flags.user && !flags.organization && !flags.membership)
        command.error('error: give --user, --organization or --membership')
      const previews = await preview(flags)
      if (flags.json) return printJson(previews)
      process.stdout.write(
        Object.entries(previews)
          .map(([object, one]) => renderPreview(object, one))
          .join('\n'),
      )
    })
  addOptions(command, ['mapping'])
}
