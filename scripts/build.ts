/** Builds dist/: JavaScript and types by tsc, and the SQL files beside them. */
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
cpSync('src/db/migrations', 'dist/db/migrations', { recursive: true })
