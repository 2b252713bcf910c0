/**
 * The Salesforce emulator with a million Contacts: memory, filling, pages of a query, look-ups by external id.
 *
 * The floor holds the same records as plain objects in maps by id and by key, and answers through the same web framework,
 * without a query language, rules or permissions. Each of the two has a process of its own; calls do not go through a socket.
 */
import { startChild } from './child.ts'
import type { EmulatorCommands } from './emulator-process.ts'
import { type Figure, inTurn, median } from './figures.ts'
import type { Options } from './options.ts'

const pagedRows = 25_000
const mebibyte = 1024 * 1024

export const measureEmulators = async ({ quick, profile, report }: Options): Promise<Figure[]> => {
  const counts = quick ? { accounts: 5_000, contacts: 100_000 } : { accounts: 50_000, contacts: 1_000_000 }
  const rounds = quick ? 3 : 9
  const start = (profiled: string | undefined) =>
    startChild<EmulatorCommands>('./emulator-process.ts', { profile: profiled, args: ['--expose-gc'] })
  const [emulator, floor] = [start(profile), start(undefined)]
  try {
    const mine = await emulator.ask('fill', { kind: 'emulator', counts })
    const least = await floor.ask('fill', { kind: 'floor', counts })
    const records = counts.contacts * 2 + counts.accounts
    report(`  ${records} records in ${Math.round(mine.ms)} ms, floor ${Math.round(least.ms)} ms`)
    const [pages = [], floorPages = []] = await inTurn(rounds, [
      () => emulator.ask('pages', pagedRows),
      () => floor.ask('pages', pagedRows),
    ])
    const some = { times: 5_000, of: counts.contacts }
    const [lookups = [], floorLookups = []] = await inTurn(rounds, [
      () => emulator.ask('lookups', some),
      () => floor.ask('lookups', some),
    ])
    const perSecond = (count: number, ms: number) => Math.round((count * 1_000) / ms)
    return [
      {
        name: `emulators: memory of ${counts.contacts} Contacts with their relationships`,
        definition: 'heap after filling, to that of the same records as plain objects in maps',
        value: mine.bytes / least.bytes,
        unit: '',
        target: { most: 1.25 },
        seen: `${Math.round(mine.bytes / mebibyte)} MiB and ${Math.round(least.bytes / mebibyte)} MiB; ${Math.round(mine.bytes / records)} and ${Math.round(least.bytes / records)} bytes a record`,
      },
      {
        name: 'emulators: time to fill',
        definition: 'time of seedMany, to that of putting the same records into maps',
        value: mine.ms / least.ms,
        unit: '',
        target: { most: 3 },
        seen: `${perSecond(records, mine.ms)} and ${perSecond(records, least.ms)} records a second`,
      },
      {
        name: `emulators: pages of a query over ${pagedRows} rows`,
        definition: 'time to page through by queryMore, to that of answering the same rows from a list',
        value: median(pages) / median(floorPages),
        unit: '',
        target: { most: 3 },
        seen: `${perSecond(pagedRows, median(pages))} and ${perSecond(pagedRows, median(floorPages))} rows a second`,
      },
      {
        name: 'emulators: look-ups by external id',
        definition: 'time of a GET by external id, to that of answering the same record from a map',
        value: median(lookups) / median(floorLookups),
        unit: '',
        target: { most: 4 },
        seen: `${perSecond(some.times, median(lookups))} and ${perSecond(some.times, median(floorLookups))} a second`,
      },
    ]
  } finally {
    await Promise.all([emulator.stop(), floor.stop()])
  }
}
