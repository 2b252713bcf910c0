/** A part of an emulator that holds state. What `save` gives is plain JSON, and `load` takes it back in place of what is there. */
export type Part = {
  save: () => unknown
  /** @throws Error for what no `save` of this part can have given */
  load: (saved: unknown) => void
  clear: () => void
}
