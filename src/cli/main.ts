/**
 * The command line: `clerkforce <command>`, one file for each.
 *
 * Exit codes: 0 done; 1 failed, or problems found; 2 wrong settings or usage; 3 a person is asked; 130 Ctrl-C while a run goes on. Errors are one clear line on standard error, results go to
 * standard output, `--json` prints them for programs. What a command needs is imported when it runs, so that `--help` answers at once.
 *
 * Commands on the state (`status`, `runs`, `explain`, `parked`, `problems`, `retry`, `approvals`, `approve`, `deny`, `plan --last`, `adoption`, `link`, `unlink`,
 * `undo`, `resync`, `org create`, `erase`) work on the
 * database; where that is a PGlite folder that a running `serve` holds, they ask that process over HTTP instead (operate.ts). They do the same
 * either way.
 */
import { Command, CommanderError } from 'commander'
import { registerAdoption } from './adoption.ts'
import { registerApply } from './apply.ts'
import { registerApprovals } from './approvals.ts'
import { registerBackfill } from './backfill.ts'
import { registerCheck } from './check.ts'
import { registerErase } from './erase.ts'
import { registerExplain } from './explain.ts'
import { registerLink } from './link.ts'
import { registerOrg } from './org.ts'
import { registerParked } from './parked.ts'
import { registerPlan } from './plan.ts'
import { registerPreview } from './preview.ts'
import { registerProblems } from './problems.ts'
import { registerReconcile } from './reconcile.ts'
import { registerDemo } from './register-demo.ts'
import { reportError } from './report-error.ts'
import { registerResync } from './resync.ts'
import { registerRetry } from './retry.ts'
import { registerRuns } from './runs.ts'
import { registerSandbox } from './sandbox.ts'
import { registerServe } from './serve.ts'
import { registerStatus } from './status.ts'
import { registerUndo } from './undo.ts'
import { readVersion, registerVersion } from './version.ts'

const createProgram = (): Command => {
  const program = new Command('clerkforce')
    .description('Keeps Clerk and Salesforce in agreement, and can say why every record looks the way it does.')
    .version(readVersion(), '-V, --version', 'print the version')
    .showHelpAfterError('(clerkforce --help lists the commands)')
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
  for (const register of [
    registerServe,
    registerDemo,
    registerSandbox,
    registerPlan,
    registerApply,
    registerBackfill,
    registerReconcile,
    registerRuns,
    registerStatus,
    registerExplain,
    registerParked,
    registerProblems,
    registerRetry,
    registerApprovals,
    registerAdoption,
    registerLink,
    registerUndo,
    registerResync,
    registerOrg,
    registerErase,
    registerPreview,
    registerCheck,
    registerVersion,
  ])
    register(program)
  return program
}

/**
 * Whoever reads the output may stop reading, as `head` does. Node ignores SIGPIPE and gives an error instead; here it ends the command as the
 * signal would, without a word. A command that has something to tidy up listens itself, and ends by itself.
 */
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (stream.listenerCount('error') === 1) process.exit()
  })

try {
  await createProgram().parseAsync()
} catch (error) {
  // commander has said what was wrong; its exit code is 0 for help and version.
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : reportError(error)
}
