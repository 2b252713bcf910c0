/** Builds dist/, or the folder that is named: JavaScript and types by tsc, and the SQL files beside them. Further arguments are for tsc. */
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const [target = 'dist', ...more] = process.argv.slice(2)
const compiler = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', target, ...more]

rmSync(target, { recursive: true, force: true })
execFileSync(process.execPath, compiler, { stdio: 'inherit' })
cpSync('src/db/migrations', join(target, 'db/migrations'), { recursive: true })
