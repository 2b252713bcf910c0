import { setTimeout as nextTurn } from 'node:timers/promises'
import type { Part } from '../../kit/snapshot.ts'
import { makeId } from '../ids.ts'
import { Problem } from '../metadata/xml.ts'
import type { Org } from '../org.ts'
import { type Package, readPackages } from './package.ts'
import { isFailure } from './result.ts'
import { type Outcome, runPackages } from './run.ts'

/** What deploys need of an org. */
type Parts = Pick<Org, 'clock' | 'settings' | 'store' | 'metadata' | 'userId'>

export type DeployOptions = {
  allowMissingFiles: boolean
  checkOnly: boolean
  ignoreWarnings: boolean
  rollbackOnError: boolean
  singlePackage: boolean
}

export type Status = 'Pending' | 'InProgress' | 'Succeeded' | 'SucceededPartial' | 'Failed' | 'Canceling' | 'Canceled'

/** One deploy, from the call that asked for it to its end. */
export type DeployRequest = {
  id: string
  userId: string
  options: DeployOptions
  /** The zip in base 64, kept for a quick deploy of what was validated. */
  zip: string
  status: Status
  done: boolean
  createdAt: number
  startedAt: number | undefined
  changedAt: number
  outcomes: readonly Outcome[]
  total: number
  errorMessage: string | undefined
}

export type DeployRequests = Part & {
  add: (options: DeployOptions, zip: Uint8Array) => DeployRequest
  find: (id: string) => DeployRequest | undefined
  cancel: (request: DeployRequest) => void
}

const readOrFail = (request: DeployRequest): Package[] | Outcome[] => {
  try {
    return readPackages(Buffer.from(request.zip, 'base64'), request.options.singlePackage)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { message, line, column } = error
    const problem = { kind: 'Error', text: message, line, column } as const
    return [{ type: '', fullName: 'package.xml', file: 'package.xml', did: 'nothing', problem }]
  }
}

const isOutcome = (each: Package | Outcome): each is Outcome => 'did' in each

// The work itself: in one go, so that nobody sees half of it.
const work = (org: Parts, request: DeployRequest): void => {
  const { options } = request
  const read = readOrFail(request)
  if (read.some(isOutcome)) {
    request.outcomes = read.filter(isOutcome)
    request.total = 0
    request.status = 'Failed'
    return
  }
  const { metadata, outcomes, total } = runPackages(read as Package[], {
    start: org.metadata.current(),
    around: org.metadata.surroundings,
    allowMissing: options.allowMissingFiles,
  })
  const failed = outcomes.filter((outcome) => isFailure(outcome, options.ignoreWarnings))
  const partial = !options.rollbackOnError && failed.length < outcomes.length
  request.outcomes = outcomes
  request.total = total
  request.status = failed.length === 0 ? 'Succeeded' : partial ? 'SucceededPartial' : 'Failed'
  if (request.status !== 'Failed' && !options.checkOnly) org.metadata.replace(metadata)
}

/**
 * The deploys of an org. Each waits for half of `deployMs`, is in progress for the other half, and then is done in one go;
 * without that time, a turn of the event loop passes, so that the reply to the call always says Pending.
 */
export const createDeployRequests = (org: Parts): DeployRequests => {
  const requests = new Map<string, DeployRequest>()
  const touch = (request: DeployRequest, change: Partial<DeployRequest>) =>
    Object.assign(request, change, { changedAt: org.clock.now() })
  // A request that was cancelled, or that a reset took away, is left alone.
  const isLive = (request: DeployRequest) => requests.get(request.id) === request && !request.done
  const settle = (request: DeployRequest): boolean => {
    if (isLive(request) && request.status !== 'Canceling') return true
    if (isLive(request)) touch(request, { status: 'Canceled', done: true })
    return false
  }
  const wait = () => (org.settings.deployMs > 0 ? org.clock.sleep(org.settings.deployMs / 2) : nextTurn(0))
  const run = async (request: DeployRequest): Promise<void> => {
    await wait()
    if (!settle(request)) return
    touch(request, { status: 'InProgress', startedAt: org.clock.now() })
    await wait()
    if (!settle(request)) return
    try {
      work(org, request)
      touch(request, { done: true })
    } catch (error) {
      touch(request, { status: 'Failed', done: true, errorMessage: `emulator: ${String(error)}` })
    }
  }
  return {
    add: (options, zip) => {
      const now = org.clock.now()
      const request: DeployRequest = {
        id: makeId('0Af', org.store.nextSequence('DeployRequest')),
        userId: org.userId,
        options,
        zip: Buffer.from(zip).toString('base64'),
        status: 'Pending',
        done: false,
        createdAt: now,
        startedAt: undefined,
        changedAt: now,
        outcomes: [],
        total: 0,
        errorMessage: undefined,
      }
      requests.set(request.id, request)
      void run(request)
      return request
    },
    find: (id) => requests.get(id),
    cancel: (request) => {
      if (request.status === 'Pending') touch(request, { status: 'Canceled', done: true })
      else if (!request.done) touch(request, { status: 'Canceling' })
    },
    save: () => [...requests.values()],
    load: (saved) => {
      requests.clear()
      for (const request of structuredClone(saved) as DeployRequest[]) {
        requests.set(request.id, request)
        if (!request.done) void run(request)
      }
    },
    clear: () => requests.clear(),
  }
}
