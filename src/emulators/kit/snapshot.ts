/** A part of an emulator that holds state. What `save` gives is plain JSON, and `load` takes it back in place of what is there. */
export type Part = {
  save: () => unknown
  /** @throws Error for what no `save` of this part can have given */
  load: (saved: unknown) => void
  clear: () => void
}

/** The state of an emulator as plain JSON: its parts by name, in the order in which they are to be loaded. */
export type Snapshot = {
  format: 'clerkforce-emulator'
  /** Of the form of the whole; it changes when an older emulator could no longer read it. */
  version: number
  emulator: string
  /** Time of the emulator's clock. */
  takenAt: number
  parts: Readonly<Record<string, unknown>>
}

/** A snapshot that this emulator cannot take. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
}

const version = 1

export type Snapshots = {
  take: () => Snapshot
  /**
   * Puts a snapshot in place of what is there. When it cannot be taken, what was there stays.
   * @throws SnapshotError
   */
  restore: (snapshot: unknown) => void
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const readSnapshot = (value: unknown, emulator: string, known: ReadonlySet<string>): Snapshot['parts'] => {
  if (!isObject(value) || value['format'] !== 'clerkforce-emulator' || !isObject(value['parts']))
    throw new SnapshotError('this is not a snapshot of an emulator: it has no "format": "clerkforce-emulator"')
  if (value['version'] !== version)
    throw new SnapshotError(
      `the snapshot has format version ${String(value['version'])}, and this emulator reads version ${version}; take a new one with the emulator that it is for`,
    )
  if (value['emulator'] !== emulator)
    throw new SnapshotError(
      `the snapshot is of the ${String(value['emulator'])} emulator, and this is the ${emulator} emulator`,
    )
  const strange = Object.keys(value['parts']).filter((name) => !known.has(name))
  if (strange.length > 0)
    throw new SnapshotError(`the snapshot has parts that this emulator does not know: ${strange.join(', ')}`)
  return value['parts']
}

/**
 * Snapshots of an emulator that is made of parts. `first` names those that others build on, such as the schema beneath the records; a part
 * that a snapshot lacks is cleared.
 */
export const createSnapshots = (
  emulator: string,
  parts: () => ReadonlyMap<string, Part>,
  now: () => number,
  first: readonly string[] = [],
): Snapshots => {
  const inOrder = (): [string, Part][] => {
    const place = ([name]: [string, Part]) => (first.includes(name) ? first.indexOf(name) : first.length)
    return [...parts()].sort((a, b) => place(a) - place(b))
  }
  const take = (): Snapshot => ({
    format: 'clerkforce-emulator',
    version,
    emulator,
    takenAt: now(),
    parts: Object.fromEntries(inOrder().map(([name, part]) => [name, part.save()])),
  })
  const load = (saved: Snapshot['parts']): void => {
    for (const [name, part] of inOrder()) {
      try {
        if (saved[name] === undefined) part.clear()
        else part.load(saved[name])
      } catch (error) {
        throw new SnapshotError(
          `the snapshot's part ${name} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        )
      }
    }
  }
  return {
    take,
    restore: (snapshot) => {
      const saved = readSnapshot(snapshot, emulator, new Set(parts().keys()))
      const before = take()
      try {
        load(saved)
      } catch (error) {
        load(before.parts)
        throw error
      }
    },
  }
}
