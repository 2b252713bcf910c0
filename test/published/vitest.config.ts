import { defineConfig, type ViteUserConfig } from 'vitest/config'

const root = new URL('../..', import.meta.url).pathname

/**
 * What is compared with the vendors' published material, which is not part of this repository: `CLERK_DATA` says where it is.
 * The emulator's own tests, and the run of Clerk's SDK, take place a second time here, watched: whatever they make it say must agree with
 * Clerk's OpenAPI files.
 */
const config: ViteUserConfig = defineConfig({
  root,
  test: {
    maxWorkers: 2,
    projects: [
      {
        root,
        test: {
          name: 'published',
          include: ['test/published/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 60_000,
        },
      },
      {
        root,
        test: {
          name: 'watched',
          include: ['src/emulators/clerk/**/*.test.ts', 'test/conformance/clerk-backend.test.ts'],
          exclude: ['**/scale.test.ts'],
          setupFiles: ['test/published/watch-setup.ts'],
          testTimeout: 60_000,
        },
      },
    ],
  },
})
export default config
