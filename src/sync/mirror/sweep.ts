import type { Database } from '../../db/database.ts'

/**
 * Clears what settled rows leave behind. `dirty`, `hint` and `stale` are queues: their dead index entries lie exactly where the next claim looks, and
 * after 90,000 events a look for due links read 40,000 of them. PostgreSQL's own autovacuum comes by once a minute at best; PGlite has none
 * at all, so there every table is swept.
 */
export const sweep = async (db: Database): Promise<void> => {
  const tables = [
    'dirty',
    'hint',
    'stale',
    ...(db.kind === 'pglite' ? ['record', 'link', 'change', 'gap', 'hint_record', 'request'] : []),
  ]
  await db.query(`vacuum (analyze) ${tables.map((name) => `clerkforce.${name}`).join(', ')}`)
}
