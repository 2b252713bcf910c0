import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Runs of unmodified public clients against the emulators: `npm run conformance`, or one of them with its name behind `--`. */
const config: ViteUserConfig = defineConfig({
  test: {
    root: new URL('.', import.meta.url).pathname,
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    fileParallelism: false,
  },
})
export default config
