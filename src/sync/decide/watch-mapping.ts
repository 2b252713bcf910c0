import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import type { MappingConfig, Rules } from '../plan/mapping.ts'
import { type MappingChange, renderMappingChange } from '../plan/mapping-print.ts'
import { noticeMapping, type Resync, resyncMapping } from './resync.ts'

export type MappingWatch = {
  /** How the mapping differs from the one that was accepted last. */
  changes: () => readonly MappingChange[]
  /** The rules are known: where nobody is to be asked, what the change concerns is marked now. */
  ready: (rules: Rules) => Promise<void>
  /** Marks what the change concerns, and accepts the mapping. */
  resync: (rules: Rules) => Promise<Resync>
}

export type WatchMappingOptions = {
  db: Database
  config: MappingConfig
  /** `auto`: without asking anybody. */
  resync: 'ask' | 'auto'
  now: () => number
  log: Log
  /** Told when links were marked. */
  marked: () => void
}

/** Notices at the start that the mapping is not the one that was accepted last, and says so. */
export const watchMapping = async (options: WatchMappingOptions): Promise<MappingWatch> => {
  const { db, config, now, log, marked } = options
  let changes = await noticeMapping(db.query, config)
  for (const change of changes)
    log.warn({ stage: 'mapping', field: change.what }, `the mapping was changed: ${renderMappingChange(change)}`)
  if (changes.length > 0 && options.resync === 'ask')
    log.warn(
      { stage: 'mapping' },
      'records get the changed mapping as they change; clerkforce resync --changed-mapping gives it to all that it concerns',
    )
  let working = false
  const resync = async (rules: Rules): Promise<Resync> => {
    const done = await resyncMapping({ db, rules, config, now })
    changes = []
    for (const { entity, concerned, links } of done.entities)
      log.info(
        { stage: 'mapping', entity, concerned, links },
        'links that the changed mapping concerns are written anew',
      )
    marked()
    return done
  }
  return {
    changes: () => changes,
    resync,
    ready: async (rules) => {
      if (options.resync !== 'auto' || changes.length === 0 || working) return
      working = true
      try {
        await resync(rules)
      } finally {
        working = false
      }
    },
  }
}
