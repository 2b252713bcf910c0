#!/usr/bin/env node
// No static imports: on an old Node they would fail first, with a message about something else. undici 8 sets the limit.
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`clerkforce needs Node 22.19 or newer; this is ${process.version}.\n`)
  process.exitCode = 1
} else {
  await import('../dist/cli/main.js')
}
