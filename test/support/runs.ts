/**
 * How often a property is tried: a few times in the suite, which has three minutes, and often by `npm run test:long`, or with RUNS of your own.
 * @param few in the suite
 */
export const runs = (few: number): number => Number(process.env['RUNS'] ?? few)

/** Whether there is time for what takes long even once. */
export const unhurried: boolean = process.env['RUNS'] !== undefined
