import { constants } from 'node:fs'
import { access, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SettingError } from '../../errors.ts'

const bufferBytes = 64 * 1024

/** Says before long work whether a file can be written there. @throws SettingError */
export const checkPlace = async (path: string, option: string): Promise<void> => {
  const folder = dirname(path)
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) throw new SettingError(`${option} ${path} is a folder; name a file in it.`)
  await access(folder, constants.W_OK).catch(() => {
    throw new SettingError(`${option} ${path}: the folder ${folder} is not there, or cannot be written to.`)
  })
}

/**
 * Writes a file that only its owner can read, chunk by chunk, beside its place, and moves it there when it is whole: whoever is killed meanwhile
 * leaves the old one.
 */
export const writeWhole = async (path: string, chunks: AsyncIterable<string>): Promise<void> => {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  await rm(draft, { force: true })
  const file = await open(draft, 'wx', 0o600)
  try {
    let buffered = ''
    for await (const chunk of chunks) {
      buffered += chunk
      if (buffered.length < bufferBytes) continue
      await file.appendFile(buffered)
      buffered = ''
    }
    await file.appendFile(buffered)
    await file.close()
    await rename(draft, path)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(draft, { force: true })
    throw error
  }
}
