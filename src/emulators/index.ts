export {
  type ClerkEmulator,
  type ClerkEmulatorOptions,
  createClerkEmulator,
  type RunningClerkEmulator,
  startClerkEmulator,
} from './clerk/index.ts'
export { type Clock, type ManualClock, manualClock, systemClock } from './kit/clock.ts'
export type { Fault, FaultList } from './kit/faults.ts'
export {
  createSalesforceEmulator,
  type RunningSalesforceEmulator,
  type SalesforceEmulator,
  type SalesforceEmulatorOptions,
  startSalesforceEmulator,
} from './salesforce/index.ts'
