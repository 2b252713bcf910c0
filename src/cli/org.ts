import { type Command, InvalidArgumentError } from 'commander'
import { addOptions } from './add-options.ts'
import { operate } from './operate.ts'
import { readCount } from './read-number.ts'
import { printJson } from './table.ts'

type CreateFlags = {
  slug?: string
  createdBy?: string
  metadata?: Record<string, unknown>
  maxMembers?: number
  key?: string
  json: boolean
}

const readMetadata = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('It must be a JSON object.')
}

/** A name, a slug or an id: text of one line. */
const readLine = (text: string): string => {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.')
  if (/\p{Cc}/u.test(text)) throw new InvalidArgumentError('It must not have control characters.')
  return text
}

export const registerOrg = (program: Command): void => {
  const org = program.command('org').description('organizations')
  const create = org
    .command('create')
    .description(
      'create an organization in Clerk; its Account in Salesforce follows. Run again after a failure, it makes no second one',
    )
    .argument('<name>', 'name of the organization', readLine)
    .option('--slug <slug>', 'only where the Clerk instance has slugs switched on', readLine)
    .option('--created-by <user>', 'id of the Clerk user who becomes its first administrator', readLine)
    .option('--metadata <json>', 'public metadata, as a JSON object', readMetadata)
    .option('--max-members <number>', 'most members it may have; 0 is unlimited', readCount)
    .option(
      '--key <key>',
      'names this request: the same key gives the same organization. Without it, an unfinished request for the same name counts as this one',
    )
    .option('--json', 'print JSON', false)
    .action(async (name: string, flags: CreateFlags) => {
      const created = await operate({ flags, clerk: true, create: true }, (operations) =>
        operations.createOrganization({
          key: flags.key,
          name,
          slug: flags.slug,
          createdBy: flags.createdBy,
          publicMetadata: flags.metadata,
          maxAllowedMemberships: flags.maxMembers,
        }),
      )
      if (flags.json) return printJson(created)
      const what = created.created ? 'Created' : 'There already, from an earlier try:'
      process.stdout.write(`${what} ${created.id} "${created.name}"\n`)
    })
  addOptions(create, ['clerk', 'database', 'server'])
}
