export {
  type ClerkEmulator,
  type ClerkEmulatorOptions,
  createClerkEmulator,
  type RunningClerkEmulator,
  startClerkEmulator,
} from './clerk/index.ts'
export { type Clock, type ManualClock, manualClock, systemClock } from './kit/clock.ts'
export type { Fault, FaultList } from './kit/faults.ts'
export { type Snapshot, SnapshotError } from './kit/snapshot.ts'
export type { DuplicateRule, MatchBy } from './salesforce/duplicate-rules.ts'
export {
  createSalesforceEmulator,
  type RunningSalesforceEmulator,
  type SalesforceEmulator,
  type SalesforceEmulatorOptions,
  startSalesforceEmulator,
} from './salesforce/index.ts'
export type { Announcement, Events } from './salesforce/pubsub/index.ts'
export type { PubSubPorts, RunningPubSub } from './salesforce/pubsub/serve.ts'
export type { EventSettings } from './salesforce/pubsub/settings.ts'
export type { ShownEvent } from './salesforce/pubsub/show.ts'
export { AddedError, type Automation, type Hook } from './salesforce/records/automations.ts'
export type { RecordType } from './salesforce/records/record-types.ts'
export type { RecordFault, ValidationRule } from './salesforce/rules.ts'
