import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holderOf, lockFolder } from './folder-lock.ts'

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'clerkforce-lock-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** State and start of a process, as the system lists them. */
const listed = (pid: number): { state: string; startedAt: string } => {
  const after = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return { state: after[0] ?? '', startedAt: after[19] ?? '' }
}

/** A process that has ended, with a parent that does not ask for its exit code: it stays in the list. */
const endedButListed = async (): Promise<number> => {
  const parent: ChildProcess = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 60'])
  onTestFinished(() => {
    parent.kill('SIGKILL')
  })
  const [line] = parent.stdout ? await once(parent.stdout, 'data') : []
  return Number(String(line).trim())
}

test.runIf(process.platform === 'linux')(
  'the lock of a process that was killed is taken over, also while its parent has not taken note of it',
  async () => {
    const folder = newFolder()
    const pid = await endedButListed()
    await expect.poll(() => listed(pid).state, { timeout: 10_000 }).toBe('Z')
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid, startedAt: listed(pid).startedAt }))
    expect(await holderOf(folder)).toBeUndefined()
    const lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.pid}`)
    await lock.release()
  },
)
