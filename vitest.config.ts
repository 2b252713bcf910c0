import { defineConfig, type ViteUserConfig } from 'vitest/config'

// Two cores are the smallest machine we promise the suite on. A third of its time is waiting for processes and sockets, so three workers keep two busy.
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.vitest.ts'],
    // The examples import the package by its name, as its users do.
    alias: { 'clerkforce/emulators': new URL('./src/emulators/index.ts', import.meta.url).pathname },
    // `npm run test:published` needs material that is not part of this repository; `npm run conformance` runs public clients.
    exclude: ['test/published/**', 'test/conformance/**', '**/node_modules/**'],
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
export default config
