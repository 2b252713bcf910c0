#!/usr/bin/env node
// No static imports: on an old Node they would fail first, with a message about something else. undici 8 sets the limit.
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`clerkforce needs Node 22.19 or newer; this is ${process.version}.\n`)
  process.exitCode = 1
} else {
  const { existsSync } = await import('node:fs')
  // A checkout that was not built runs from its source; a package has only the build.
  const built = new URL('../dist/cli/main.js', import.meta.url)
  await import(existsSync(built) ? built.href : new URL('../src/cli/main.ts', import.meta.url).href)
}
