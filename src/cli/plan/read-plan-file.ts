import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { z } from 'zod'
import { SettingError } from '../../errors.ts'
import type { PlannedCounts } from '../../sync/mirror/planned.ts'
import {
  checkOf,
  endSchema,
  headerSchema,
  lineSchema,
  type PlanHeader,
  type PlanLine,
  planFormat,
} from './plan-file.ts'

/** A file that cannot be applied: said before anything is, with what to do. */
export class PlanFileError extends SettingError {
  override readonly name: string = 'PlanFileError'
}

/** What a file holds; `digest` is the same for the same lines. */
export type PlanContents = Pick<PlannedCounts, 'kinds' | 'flags'> & {
  header: PlanHeader
  records: number
  digest: string
}

type Json = Readonly<Record<string, unknown>>

const readLine = (path: string, text: string, number: number): Json => {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json
  } catch {
    // Said below, without what the line says.
  }
  const what =
    number === 1 ? 'is no plan that clerkforce plan --out has written' : `was cut short, or line ${number} edited`
  throw new PlanFileError(`${path} ${what}: line ${number} is no JSON object. Nothing was applied.`)
}

const readHeader = (path: string, json: Json): PlanHeader => {
  if (json['clerkforce'] !== 'plan')
    throw new PlanFileError(
      `${path} is no plan: its first line is not the one that clerkforce plan --out writes. Where it was struck out, put it back.`,
    )
  if (json['format'] !== planFormat)
    throw new PlanFileError(
      `${path} has format ${String(json['format'])}, and this clerkforce reads format ${planFormat}: make the plan again with it.`,
    )
  return checked(headerSchema, json, 'plan', `${path}: its first line`)
}

/** @throws PlanFileError that names the line, without its values */
const checked = <T>(schema: z.ZodType<T>, json: Json, of: string, where: string): T => {
  const result = schema.safeParse(json)
  if (result.success && json['check'] === checkOf(json, of)) return result.data
  const id = typeof json['clerkId'] === 'string' && /^\w{1,255}$/.test(json['clerkId']) ? ` (${json['clerkId']})` : ''
  throw new PlanFileError(
    `${where}${id} was edited, or belongs to another plan. Lines may be struck out whole, not changed: strike it out, or plan again. Nothing was applied.`,
  )
}

/**
 * Reads the file of a plan, record by record, header first.
 * @throws PlanFileError where it is not as it was written, but for lines that were struck out
 */
export const readPlanFile = async function* (path: string): AsyncGenerator<PlanHeader | PlanLine> {
  const stream = createReadStream(path)
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  let number = 0
  let header: PlanHeader | undefined
  let ended = false
  try {
    for await (const text of lines) {
      number++
      if (text.trim() === '') continue
      const json = readLine(path, text, number)
      if (!header) {
        header = readHeader(path, json)
        yield header
        continue
      }
      if (ended)
        throw new PlanFileError(`${path}: line ${number} comes after the last line of the plan. Nothing was applied.`)
      if ('end' in json) {
        checked(endSchema, json, header.check, `${path}: line ${number}`)
        ended = true
      } else yield checked(lineSchema, json, header.check, `${path}: line ${number}`)
    }
  } catch (error) {
    if (error instanceof PlanFileError || !(error instanceof Error) || !('code' in error)) throw error
    throw new PlanFileError(`${path} cannot be read: ${String(error.code)}`)
  } finally {
    lines.close()
    stream.destroy()
  }
  if (!header) throw new PlanFileError(`${path} is empty.`)
  if (!ended)
    throw new PlanFileError(
      `${path} was cut short: its last line, {"end":true,…}, is missing. Where it was struck out, put it back. Nothing was applied.`,
    )
}

const isLine = (one: PlanHeader | PlanLine): one is PlanLine => 'print' in one

/** Reads the records alone. @throws PlanFileError */
export const readPlanLines = async function* (path: string): AsyncGenerator<PlanLine> {
  for await (const one of readPlanFile(path)) if (isLine(one)) yield one
}

/** Adds to a digest what is applied of a line. */
export const digestOf = (): { add: (line: PlanLine) => void; end: () => string } => {
  const hash = createHash('sha256')
  return { add: ({ check }) => hash.update(check), end: () => hash.digest('base64url').slice(0, 22) }
}

/** Reads a whole file once: whether it can be applied, and what it holds. @throws PlanFileError */
export const inspectPlanFile = async (path: string): Promise<PlanContents> => {
  const kinds = new Map<string, PlannedCounts['kinds'][number]>()
  const flags = new Map<string, PlannedCounts['flags'][number]>()
  const digest = digestOf()
  let header: PlanHeader | undefined
  let records = 0
  for await (const one of readPlanFile(path)) {
    if (!isLine(one)) {
      header = one
      continue
    }
    records++
    digest.add(one)
    const { entity, kind } = one
    const name = `${entity} ${kind}`
    kinds.set(name, { entity, kind, count: (kinds.get(name)?.count ?? 0) + 1 })
    for (const flag of one.flags) flags.set(flag, { flag, count: (flags.get(flag)?.count ?? 0) + 1 })
  }
  if (!header) throw new PlanFileError(`${path} is empty.`)
  return { header, records, digest: digest.end(), kinds: [...kinds.values()], flags: [...flags.values()] }
}
