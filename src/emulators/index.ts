export {
  type ClerkEmulator,
  type ClerkEmulatorOptions,
  createClerkEmulator,
  type RunningClerkEmulator,
  startClerkEmulator,
} from './clerk/index.ts'
export type { ClerkState, ClerkStats } from './clerk/routes/control.ts'
export type { ClerkSeed, Seeded } from './clerk/seed.ts'
export type { WebhookEndpointOptions } from './clerk/settings.ts'
export type { Disorder } from './clerk/webhooks/disorder.ts'
export type { EndpointView } from './clerk/webhooks/endpoint.ts'
export type { Emitted } from './clerk/webhooks/example-events.ts'
export type { AttemptView, Message, Webhooks } from './clerk/webhooks/index.ts'
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
export type { ObjectOption } from './salesforce/metadata/objects-option.ts'
export type { Settings as SalesforceSettings, Stats as SalesforceStats } from './salesforce/org.ts'
export type { CustomFieldOption } from './salesforce/org-schema.ts'
export type { Person, Shown } from './salesforce/person.ts'
export type { Announcement, Events } from './salesforce/pubsub/index.ts'
export type { PubSubPorts, RunningPubSub } from './salesforce/pubsub/serve.ts'
export type { EventSettings } from './salesforce/pubsub/settings.ts'
export type { ShownEvent } from './salesforce/pubsub/show.ts'
export { AddedError, type Automation, type Hook } from './salesforce/records/automations.ts'
export type { RecordType } from './salesforce/records/record-types.ts'
export type { RecordFault, RecordFaults, ValidationRule } from './salesforce/rules.ts'
export type { SalesforceSeed, SeededIds } from './salesforce/seed.ts'
export type { FirstIds } from './salesforce/seed-many.ts'
export type { Row, Value } from './salesforce/store.ts'
