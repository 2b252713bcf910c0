import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SettingError } from '../errors.ts'

/** Who holds a folder: the process, and when it was started, because process numbers are used again. */
type Holder = { pid: number; startedAt: string }

/** When a process was started, in the system's own words; empty when it does not run. */
const startOf = (pid: number): string => {
  try {
    // Fields 3 and 22 of /proc/<pid>/stat, counted after the name in brackets, which may hold spaces.
    const after = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    // Killed, and not taken off the list by its parent yet, which may take seconds or for ever in a container: it holds nothing any more.
    return after[0] === 'Z' || after[0] === 'X' ? '' : (after[19] ?? '')
  } catch {
    if (process.platform === 'linux') return ''
  }
  try {
    if (process.platform === 'win32') {
      process.kill(pid, 0)
      return 'running'
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

/** The living process that holds the folder's lock, if there is one. */
export const holderOf = async (folder: string): Promise<Holder | undefined> => {
  try {
    const holder = JSON.parse(await readFile(join(folder, 'lock'), 'utf8')) as Holder
    return holder.startedAt !== '' && startOf(holder.pid) === holder.startedAt ? holder : undefined
  } catch {
    return undefined
  }
}

/**
 * Takes the folder for this process. A lock left by a process that no longer runs is taken over.
 * @throws SettingError when a living process has it.
 */
export const lockFolder = async (folder: string): Promise<{ release: () => Promise<void> }> => {
  const file = join(folder, 'lock')
  const mine: Holder = { pid: process.pid, startedAt: startOf(process.pid) }
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = await open(file, 'wx')
      await handle.writeFile(JSON.stringify(mine))
      await handle.close()
      return { release: () => rm(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = await holderOf(folder)
      if (holder || attempt > 2)
        throw new SettingError(
          `DATABASE_URL: the folder ${folder} is in use by process ${holder?.pid ?? 'unknown'}; a PGlite folder serves one process. Stop that process, or use a PostgreSQL server (postgres://…) for several.`,
        )
      await rm(file, { force: true })
    }
  }
}
