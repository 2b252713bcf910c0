/** Which records the user looked at last: those of queries FOR VIEW and FOR REFERENCE. `/recent` lists them. */
export type Recent = {
  see: (records: readonly { readonly Id: string }[]) => void
  /** Ids, the latest first. */
  ids: () => readonly string[]
  clear: () => void
}

/** Salesforce keeps 200 by object; one list of as many is enough here. */
const most = 200

/** An empty list. */
export const createRecent = (): Recent => {
  let seen: string[] = []
  return {
    see: (records) => {
      const latest = records.map(({ Id }) => Id).reverse()
      seen = [...new Set([...latest, ...seen])].slice(0, most)
    },
    ids: () => seen,
    clear: () => {
      seen = []
    },
  }
}
