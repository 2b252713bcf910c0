import type { DeployRequest } from './requests.ts'
import type { Outcome } from './run.ts'

// Metadata API Developer Guide, DeployResult, DeployDetails and DeployMessage; the names of empty lists as replies have them.

const iso = (at: number): string => new Date(at).toISOString()

/** Whether it counts against the deploy: a warning does unless the request says otherwise. */
export const isFailure = (outcome: Outcome, ignoreWarnings: boolean): boolean =>
  outcome.problem !== undefined && (outcome.problem.kind === 'Error' || !ignoreWarnings)

const messageOf = (request: DeployRequest, { type, fullName, file, did, problem }: Outcome): unknown => ({
  changed: did !== 'nothing',
  columnNumber: problem?.column ?? null,
  componentType: type,
  created: did === 'created',
  createdDate: iso(request.changedAt),
  deleted: did === 'deleted',
  fileName: file,
  fullName,
  id: null,
  lineNumber: problem?.line ?? null,
  problem: problem?.text ?? null,
  problemType: problem?.kind ?? null,
  requiresProductionTestRun: false,
  success: problem === undefined || (problem.kind === 'Warning' && request.options.ignoreWarnings),
  warning: problem?.kind === 'Warning',
})

const noTests = {
  apexLogId: null,
  codeCoverage: [],
  codeCoverageWarnings: [],
  failures: [],
  flowCoverage: [],
  flowCoverageWarnings: [],
  numFailures: 0,
  numTestsRun: 0,
  successes: [],
  totalTime: 0,
}

/** The manifest is told of as a component of no type. */
const manifestDone = (request: DeployRequest): Outcome => ({
  type: '',
  fullName: 'package.xml',
  file: 'package.xml',
  did: request.options.checkOnly ? 'nothing' : 'changed',
})

const detailsOf = (request: DeployRequest): unknown => {
  const failed = request.outcomes.filter((outcome) => isFailure(outcome, request.options.ignoreWarnings))
  const good = request.outcomes.filter((outcome) => !failed.includes(outcome))
  const worked = request.done && request.status !== 'Canceled' && request.errorMessage === undefined
  return {
    allComponentMessages: [],
    componentFailures: failed.map((outcome) => messageOf(request, outcome)),
    componentSuccesses: (worked ? [manifestDone(request), ...good] : good).map((outcome) =>
      messageOf(request, outcome),
    ),
    retrieveResult: null,
    runTestResult: noTests,
  }
}

/** The `deployResult` of a reply. */
export const showResult = (request: DeployRequest, userName: string, withDetails: boolean): unknown => {
  const { options, outcomes } = request
  const errors = outcomes.filter((outcome) => isFailure(outcome, options.ignoreWarnings)).length
  return {
    id: request.id,
    checkOnly: options.checkOnly,
    ignoreWarnings: options.ignoreWarnings,
    rollbackOnError: options.rollbackOnError,
    status: request.status,
    runTestsEnabled: false,
    done: request.done,
    success: request.status === 'Succeeded',
    createdBy: request.userId,
    createdByName: userName,
    createdDate: iso(request.createdAt),
    lastModifiedDate: iso(request.changedAt),
    startDate: request.startedAt === undefined ? null : iso(request.startedAt),
    completedDate: request.done ? iso(request.changedAt) : null,
    canceledBy: request.status.startsWith('Cancel') ? request.userId : null,
    canceledByName: request.status.startsWith('Cancel') ? userName : null,
    errorMessage: request.errorMessage ?? null,
    errorStatusCode: request.errorMessage === undefined ? null : 'UNKNOWN_EXCEPTION',
    stateDetail: null,
    numberComponentsDeployed: outcomes.length - errors,
    numberComponentsTotal: request.total,
    numberComponentErrors: errors,
    numberTestsCompleted: 0,
    numberTestsTotal: 0,
    numberTestErrors: 0,
    ...(withDetails ? { details: detailsOf(request) } : {}),
  }
}
