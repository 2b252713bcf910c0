import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** The properties of the suite, tried often: `npm run test:long`, for a night; `RUNS=20 SEED=7 npm run test:long -- chaos` for less. */
const config: ViteUserConfig = defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: [
      'test/chaos.test.ts',
      'test/runs-killed.test.ts',
      'src/sync/runs/*.test.ts',
      'test/road/{convergence,faults,erase,explain}.test.ts',
      'test/two-way/{histories,stream-faults}.test.ts',
      'test/emulators/*.test.ts',
      'src/sync/grants/*.test.ts',
      'src/emulators/clerk/scale.test.ts',
    ],
    globalSetup: ['test/support/global-setup.ts'],
    env: { RUNS: process.env['RUNS'] ?? '200' },
    // One after the other: what is tried for hours is not to be disturbed by its neighbours.
    maxWorkers: 1,
    testTimeout: 6 * 3_600_000,
    hookTimeout: 60_000,
  },
})
export default config
