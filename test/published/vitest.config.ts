import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** What is compared with the vendors' published material, which is not part of this repository: `CLERK_DATA` says where it is. */
const config: ViteUserConfig = defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/published/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
  },
})
export default config
