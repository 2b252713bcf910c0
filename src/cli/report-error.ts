import { SettingError } from '../errors.ts'

/** An error in words: some of Node's have none of their own, such as a connection that was refused on every address of a host. */
const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join('; ')
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error.message === '') return code || error.name
  return code === '' || error.message.includes(code) ? error.message : `${error.message} (${code})`
}

/** Says on standard error what went wrong, in a line for each fault. Returns the exit code. */
export const reportError = (error: unknown): 1 | 2 => {
  process.stderr.write(
    `${wordsOf(error)
      .split('\n')
      .map((line) => `clerkforce: ${line}`)
      .join('\n')}\n`,
  )
  return error instanceof SettingError ? 2 : 1
}
