import { readFileSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { linesOf, readLines, writePieces } from './json-lines.ts'
import { type Snapshot, SnapshotError, type Snapshots } from './snapshot.ts'

const chunk = 1 << 20

/** How deep the lists of records stand: snapshot, parts, part, object, records. */
const depthOfRecords = 5

/** A snapshot as JSON, in pieces of about a megabyte. */
export function* snapshotText(snapshot: Snapshot): Generator<string> {
  let waiting = ''
  for (const piece of writePieces(snapshot, depthOfRecords)) {
    waiting += piece
    if (waiting.length < chunk) continue
    yield waiting
    waiting = ''
  }
  yield `${waiting}\n`
}

/**
 * Writes a snapshot so that the file holds either the old or the new one whole: beside it first, then in its place.
 */
const writeState = async (file: string, snapshot: Snapshot): Promise<void> => {
  const beside = `${file}.${process.pid}.new`
  const handle = await open(beside, 'w', 0o600)
  try {
    for (const piece of snapshotText(snapshot)) await handle.writeFile(piece)
    await handle.sync()
    await handle.close()
    await rename(beside, file)
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(beside, { force: true })
    throw error
  }
}

/** Files up to this size may have been edited by hand; beyond it, line by line takes less memory. */
const small = 64 << 20

/**
 * The snapshot in a file, or undefined where there is no file.
 * @throws SnapshotError for a file that is no JSON
 */
export const readState = (file: string): unknown => {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) return undefined
  try {
    return found.size <= small ? (JSON.parse(readFileSync(file, 'utf8')) as unknown) : readLines(linesOf(file))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new SnapshotError(`${file}: it cannot be read as JSON (${why}); remove it to start empty`, { cause: error })
  }
}

/** Where an emulator keeps its state between runs. */
export type StateFile = {
  /**
   * Restores what is in the file, if there is one yet. To be called when every part is there.
   * @throws SnapshotError that names the file; also where there is no folder for it
   */
  load: () => void
  /** Saves now, or after the save that is under way. Gives the file's name; undefined when the emulator has no file. */
  save: () => Promise<string | undefined>
}

/** The file of an emulator; without a name, nothing is kept. */
export const createStateFile = (file: string | undefined, snapshots: Snapshots): StateFile => {
  let last: Promise<void> = Promise.resolve()
  return {
    load: () => {
      if (file === undefined) return
      const folder = dirname(resolve(file))
      // Otherwise it would be found out at the end, when everything is lost.
      if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
        throw new SnapshotError(`${file}: there is no folder ${folder} to keep it in`)
      const saved = readState(file)
      try {
        if (saved !== undefined) snapshots.restore(saved)
      } catch (error) {
        if (error instanceof SnapshotError) throw new SnapshotError(`${file}: ${error.message}`, { cause: error })
        throw error
      }
    },
    save: async () => {
      if (file === undefined) return undefined
      last = last.catch(() => {}).then(() => writeState(file, snapshots.take()))
      await last
      return file
    },
  }
}
