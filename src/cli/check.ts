import type { Command } from 'commander'
import { systemClock } from '../clock.ts'
import { readSettings } from '../config.ts'
import { addOptions } from './add-options.ts'
import { withProgress } from './progress.ts'
import { printJson } from './table.ts'

export const registerCheck = (program: Command): void => {
  const command = program
    .command('check')
    .description(
      'check the mapping against the Salesforce org: fields, permissions, types. Exit code 1 when something is wrong',
    )
    .option('--json', 'print JSON', false)
    .action(async (flags: { json: boolean }) => {
      const settings = readSettings(['salesforce', 'mapping'], { flags })
      const { problems, notices } = await withProgress('Asking Salesforce for its fields', check(settings))
      process.exitCode = problems.length > 0 ? 1 : 0
      if (flags.json) return printJson({ problems, notices })
      for (const notice of notices) process.stdout.write(`note: ${notice}\n`)
      for (const problem of problems) process.stdout.write(`problem: ${problem}\n`)
      if (problems.length === 0) process.stdout.write('The mapping fits the org.\n')
    })
  addOptions(command, ['salesforce', 'mapping'])
}

type CheckSettings = ReturnType<typeof readSettings<'salesforce' | 'mapping'>>

const check = async ({
  salesforce,
  mapping,
}: CheckSettings): Promise<{ problems: readonly string[]; notices: readonly string[] }> => {
  const [{ createSalesforceClient }, { checkMapping }, { loadMapping }] = await Promise.all([
    import('../salesforce/client.ts'),
    import('../sync/write/check-mapping.ts'),
    import('../load-mapping.ts'),
  ])
  const config = await loadMapping(mapping.file)
  const { loginUrl, auth, apiVersion } = salesforce
  const client = createSalesforceClient({ loginUrl, auth, apiVersion, now: systemClock.now })
  try {
    return await checkMapping(client, config)
  } finally {
    await client.close()
  }
}
