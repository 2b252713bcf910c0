import { afterAll, afterEach, expect } from 'vitest'
import { readClerkContract } from './clerk-contract.ts'
import { watchEmulators } from './watch.ts'

// Lets any test file run under the eyes of Clerk's published schemas.

const folder = process.env['CLERK_DATA']
if (!folder) throw new Error('CLERK_DATA must name the folder with Clerk’s published OpenAPI files')
const watch = watchEmulators(readClerkContract(folder))

/** A line for each, with what matters: the whole of a user that is wrong in one place says little. */
const lines = (): string[] =>
  watch.take().flatMap(({ where, violations }) => violations.map(({ path, message }) => `${where}: ${path} ${message}`))

afterEach(() => {
  expect(lines()).toEqual([])
})
afterAll(watch.stop)
