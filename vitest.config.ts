import { defineConfig, type ViteUserConfig } from 'vitest/config'

const root = new URL('.', import.meta.url).pathname

/** Tests of parts, which need no database: they may begin while that is being made. */
const parts = ['src/{emulators,salesforce,clerk,preview}/**/*.test.ts', 'src/sync/{plan,pace}/**/*.test.ts']

// `npm run test:published` needs material that is not part of this repository; `npm run conformance` runs public clients.
const apart = ['test/published/**', 'test/conformance/**', '**/node_modules/**']

const common = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // The examples import the package by its name, as its users do.
  alias: { 'clerkforce/emulators': `${root}src/emulators/index.ts` },
}

// Two cores are the smallest machine we promise the suite on. Much of its time is waiting for processes and sockets, so three workers keep two
// busy. They share a worker's modules between files: loading them anew for each took a tenth of the time. So no test may leave anything behind in
// a module; each brings its own database, clock and emulators.
const config: ViteUserConfig = defineConfig({
  test: {
    maxWorkers: 3,
    projects: [
      { root, test: { ...common, name: 'parts', include: parts, exclude: apart, isolate: false } },
      {
        root,
        test: {
          ...common,
          name: 'whole',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.vitest.ts'],
          exclude: [...apart, ...parts],
          isolate: false,
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
})
export default config
