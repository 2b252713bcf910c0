/*
 * What callers give to the emulator, as schemas: options of a start, settings, rules, faults and seeds of the controls. One place for both
 * ways in, because a misspelt name must be refused by either. Every table names all keys of its type: one that is forgotten does not compile.
 */
import { z } from 'zod'
import { type Fault, faultSchema } from '../kit/faults.ts'
import { callable, clockLike, duration } from '../kit/strict.ts'
import type { DuplicateRule } from './duplicate-rules.ts'
import type { SalesforceEmulatorOptions, StartOptions } from './index.ts'
import type { ObjectOption } from './metadata/objects-option.ts'
import type { Settings } from './org.ts'
import type { PlatformEventType } from './pubsub/platform-events.ts'
import type { PubSubPorts } from './pubsub/serve.ts'
import type { Automation } from './records/automations.ts'
import type { RecordType } from './records/record-types.ts'
import type { RecordFault, ValidationRule } from './rules.ts'
import type { Field, FieldType } from './schema.ts'
import type { SalesforceSeed } from './seed.ts'

type Rows<T> = Record<keyof T, z.ZodType>

const text = z.string()
const name = z.string().min(1)
const names = z.array(name)
const flag = z.boolean()
const count = z.int().min(0)
const portNumber = z.int().min(0).max(65_535)
const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const values = z.record(z.string(), value)
const anyValues = z.record(z.string(), z.unknown())
const saves = z.array(z.literal(['insert', 'update']))

const settingRows = {
  latencyMs: duration,
  lockWaitMs: duration,
  lateVisibilityMs: duration,
  keepOldRelation: flag,
  accountDelete: z.literal(['cascade', 'block']),
  inactiveDirect: z.literal(['allow', 'refuse']),
  compositeUpsertCollections: flag,
  tokenLifetimeMs: duration,
  maxBatchSize: z.int().min(1).max(2_000),
  deployMs: duration,
  storageLimitMb: z.number().min(0),
  longCalls: z.int().min(1),
  passwordFlow: flag,
  refreshTokenRotation: flag,
  bulkQueueMs: duration,
  bulkBatchMs: duration,
  bulkUploadBytes: z.int().min(1),
  bulkQueryPage: z.int().min(1),
} satisfies Rows<Settings>

/** Settings, of which any may be left out. */
export const settingsSchema = z.strictObject(settingRows).partial() as unknown as z.ZodType<Partial<Settings>>

const duplicateRule = z
  .strictObject({
    object: name,
    field: name.exactOptional(),
    fields: z
      .array(z.union([name, z.strictObject({ field: name, by: z.literal(['exact', 'email', 'name', 'phone']) })]))
      .exactOptional(),
    action: z.literal(['block', 'alert']),
    on: saves.exactOptional(),
    name: name.exactOptional(),
    message: text.exactOptional(),
  } satisfies Rows<DuplicateRule>)
  .refine(({ field, fields }) => (field === undefined) !== (fields === undefined), 'a rule with either field or fields')

const ruleRows = { object: name, message: text, fields: names.exactOptional() }
const conditionRow = { when: values.exactOptional() }
const validationRule = z
  .strictObject({
    ...ruleRows,
    ...conditionRow,
    refuses: callable().exactOptional(),
  } satisfies Rows<ValidationRule>)
  .refine(
    ({ when, refuses }) => when !== undefined || refuses !== undefined,
    'a rule that says when it refuses: when or refuses',
  )

const automationRows = {
  object: name,
  on: saves.exactOptional(),
  name: name.exactOptional(),
  kind: z.literal(['flow', 'trigger']).exactOptional(),
  at: z.literal(['before', 'after', 'async']).exactOptional(),
  when: values.exactOptional(),
  changed: names.exactOptional(),
  set: values.exactOptional(),
  upperCase: names.exactOptional(),
  restore: names.exactOptional(),
  refuse: text.exactOptional(),
  refuseAs: z.literal(['fault', 'error']).exactOptional(),
}
const automation = z.strictObject({
  ...automationRows,
  before: callable().exactOptional(),
  after: callable().exactOptional(),
  async: callable().exactOptional(),
} satisfies Rows<Automation>)

export type RulesGiven = {
  duplicateRules?: readonly DuplicateRule[]
  validationRules?: readonly ValidationRule[]
  automations?: readonly Automation[]
}

const ruleOptions = {
  duplicateRules: z.array(duplicateRule),
  validationRules: z.array(validationRule),
  automations: z.array(automation),
} satisfies Rows<RulesGiven>

/** Rules as a caller in the process gives them, functions included. */
export const ownRulesSchema: z.ZodType = z.strictObject(ruleOptions).partial()

/** Rules as data; each list that is named replaces the one before. */
export const rulesSchema = z.strictObject({
  duplicateRules: z.array(duplicateRule).exactOptional(),
  validationRules: z.array(z.strictObject({ ...ruleRows, when: values })).exactOptional(),
  automations: z.array(z.strictObject(automationRows)).exactOptional(),
} satisfies Rows<RulesGiven>) as unknown as z.ZodType<RulesGiven>

const recordType = z.strictObject({
  object: name,
  developerName: name,
  name: name.exactOptional(),
  default: flag.exactOptional(),
  available: flag.exactOptional(),
  active: flag.exactOptional(),
  person: flag.exactOptional(),
  picklists: z.record(z.string(), z.array(text)).exactOptional(),
} satisfies Rows<RecordType>)

const recordFault = z.strictObject({
  object: name,
  operation: z.literal(['insert', 'update', 'delete']).exactOptional(),
  where: values.exactOptional(),
  every: z.int().min(1).exactOptional(),
  times: z.int().min(1).exactOptional(),
  until: z.number().exactOptional(),
  code: name,
  message: text.exactOptional(),
  fields: names.exactOptional(),
} satisfies Rows<RecordFault>)

/** Faults of records, as a caller in the process adds them. */
export const recordFaultsSchema: z.ZodType = z.array(recordFault)

/** A fault of a request, or of a record. */
export const anyFaultSchema = z.union([faultSchema, recordFault]) as unknown as z.ZodType<Fault | RecordFault>

const records = z.array(anyValues).exactOptional()

export const seedSchema = z.strictObject({
  Account: records,
  Contact: records,
  AccountContactRelation: records,
} satisfies Rows<SalesforceSeed>) as unknown as z.ZodType<SalesforceSeed>

export const seedManySchema: z.ZodType<{ accounts: number; contacts: number }> = z.strictObject({
  accounts: z.int().min(0).max(10_000_000),
  contacts: z.int().min(0).max(10_000_000),
})

export const allowanceSchema: z.ZodType<{ used?: number; limit?: number }> = z.strictObject({
  used: z.int().min(0).exactOptional(),
  limit: z.int().min(0).exactOptional(),
})

const fieldName = z.string().regex(/^[A-Za-z]\w*__c$/, 'must be the name of a custom field, such as Region__c')
const fieldType = z.literal([
  'id',
  'string',
  'textarea',
  'email',
  'phone',
  'url',
  'picklist',
  'multipicklist',
  'reference',
  'datetime',
  'date',
  'boolean',
  'double',
  'currency',
  'percent',
  'int',
  'time',
] satisfies FieldType[])
const yesOrNo = flag.exactOptional()
const number = count.exactOptional()
const maybe = name.exactOptional()

/** A custom field as an option; `schema.ts` says what each of these is. */
const fieldRows = {
  name: fieldName,
  type: fieldType,
  label: maybe,
  length: number,
  precision: number,
  scale: number,
  custom: yesOrNo,
  nillable: yesOrNo,
  createable: yesOrNo,
  updateable: yesOrNo,
  defaultValue: z.union([flag, z.string(), z.number()]).exactOptional(),
  unique: yesOrNo,
  caseSensitive: yesOrNo,
  externalId: yesOrNo,
  restricted: yesOrNo,
  picklist: z.array(text).exactOptional(),
  referenceTo: maybe,
  relationshipName: maybe,
  childRelationshipName: maybe,
  onParentDelete: z.literal(['clear', 'cascade', 'restrict']).exactOptional(),
  permissionable: yesOrNo,
  visible: yesOrNo,
  writable: yesOrNo,
  indexed: yesOrNo,
  helpText: text.exactOptional(),
  autoNumber: maybe,
  firstNumber: number,
  html: yesOrNo,
} satisfies Rows<Omit<Field, 'compound'>>

/** What `createSalesforceEmulator` takes. Undefined counts as absent. */
const optionRows = {
  ...settingRows,
  clock: clockLike,
  seed: z.int().min(0),
  state: name,
  sfdx: z.union([z.literal(false), name]),
  contactsToMultipleAccounts: flag,
  customFields: z.array(z.strictObject({ object: name, ...fieldRows })),
  requiredFields: names,
  objects: z.array(
    z.strictObject({
      name,
      label: name.exactOptional(),
      labelPlural: name.exactOptional(),
      nameField: z.strictObject({ label: name.exactOptional(), autoNumber: name.exactOptional() }).exactOptional(),
      fields: z.array(z.strictObject(fieldRows)).exactOptional(),
    } satisfies Rows<ObjectOption>),
  ),
  userPermissions: names,
  assignDeployed: flag,
  maxCaptured: z.int().min(0),
  ...ruleOptions,
  recordTypes: z.array(recordType),
  personAccounts: flag,
  sampleData: flag,
  changeDataCapture: names,
  platformEvents: z.array(
    z.strictObject({
      name,
      fields: z.record(z.string(), z.literal(['text', 'number', 'checkbox', 'datetime'])),
    } satisfies Rows<PlatformEventType>),
  ),
  eventLimit: z.int().min(0),
  apiLimit: z.int().min(0),
  clientId: name,
  clientSecret: name,
  username: name,
  password: name,
  publicKey: name,
} satisfies Rows<SalesforceEmulatorOptions>

/** What only an emulator on a port can use. */
const startRows = {
  port: portNumber,
  pubsub: z.strictObject({
    tlsPort: portNumber.exactOptional(),
    plaintextPort: portNumber.exactOptional(),
  } satisfies Rows<PubSubPorts>),
} satisfies Rows<StartOptions>

/** The options of an emulator by the name of the function that takes them. Undefined counts as absent. */
export const optionSchemas = {
  createSalesforceEmulator: z.strictObject(optionRows).partial() as z.ZodType,
  startSalesforceEmulator: z.strictObject({ ...optionRows, ...startRows }).partial() as z.ZodType,
}
