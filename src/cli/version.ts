import { readFileSync } from 'node:fs'
import type { Command } from 'commander'

/** The version of this package. */
export const readVersion = (): string => {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

export const registerVersion = (program: Command): void => {
  program
    .command('version')
    .description('print the version')
    .action(() => {
      process.stdout.write(`${readVersion()}\n`)
    })
}
