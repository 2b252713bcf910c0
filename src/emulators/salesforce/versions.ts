/**
 * API versions: which there are, and what came with which.
 *
 * A release is out three times a year, Spring, Summer and Winter, the last named after the year that follows; v31.0 is
 * Summer '14. Versions 21.0 to 30.0 are retired since Summer '25 and answer 410 (help article 000354473).
 */
import { notFound, RequestFailure } from './errors.ts'

const oldest = 31
const newest = 68
const retired = 21

const label = (version: number): string => {
  const year = (more: number) => String((Math.floor(version / 3) + more) % 100).padStart(2, '0')
  if (version % 3 === 0) return `Spring '${year(4)}`
  return version % 3 === 1 ? `Summer '${year(4)}` : `Winter '${year(5)}`
}

/** What `/services/data` lists. */
export const versionList = (): { label: string; url: string; version: string }[] =>
  Array.from({ length: newest - oldest + 1 }, (_, i) => oldest + i).map((version) => ({
    label: label(version),
    url: `/services/data/v${version}.0`,
    version: `${version}.0`,
  }))

// From the pages of the resources: "available in API version .. and later".
const since: readonly [RegExp, number][] = [
  [/^\/composite\/sobjects\/[^/]+\/[^/]+$/, 46],
  [/^\/composite\/sobjects/, 42],
  [/^\/composite\/graph/, 50],
  [/^\/composite/, 34],
  [/^\/jobs\/query/, 47],
  [/^\/jobs/, 41],
  [/^\/metadata\/deployRequest/, 46],
]

/**
 * Checks that a version is there and has the resource.
 * @param version such as `66.0`; undefined when the path has none
 * @throws RequestFailure 404 or 410
 */
export const checkVersion = (version: string | undefined, path: string): void => {
  const number = Number(version)
  if (number >= retired && number < oldest)
    throw new RequestFailure(410, 'GONE', `API version ${version} is retired and no longer available`)
  if (version === undefined || number < oldest || number > newest) throw notFound()
  const first = since.find(([pattern]) => pattern.test(path))?.[1]
  if (first !== undefined && number < first) throw notFound()
}
