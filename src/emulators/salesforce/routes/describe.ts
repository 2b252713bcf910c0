import type { Call, Params, Route, Work } from '../api.ts'
import type { Field, FieldType, ObjectType } from '../schema.ts'
import { objectOf } from './shared.ts'

const soapTypes: Readonly<Partial<Record<FieldType, string>>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  double: 'xsd:double',
  currency: 'xsd:double',
  int: 'xsd:int',
}

const describeField = (field: Field): unknown => ({
  autoNumber: false,
  byteLength: field.length * 3,
  calculated: field.name === 'Name' && !field.createable,
  caseSensitive: field.caseSensitive,
  createable: field.createable && field.writable,
  custom: field.custom,
  defaultValue: field.defaultValue ?? null,
  defaultedOnCreate: field.defaultValue !== undefined || !field.createable || field.name === 'OwnerId',
  deprecatedAndHidden: false,
  externalId: field.externalId,
  filterable: !(field.type === 'textarea' && field.length > 255),
  idLookup: field.externalId || field.type === 'id' || field.type === 'email',
  inlineHelpText: field.helpText ?? null,
  label: field.label,
  length: field.length,
  name: field.name,
  nameField: field.name === 'Name',
  nillable: field.nillable,
  permissionable: field.permissionable,
  picklistValues: field.picklist.map((value) => ({
    active: true,
    defaultValue: false,
    label: value,
    validFor: null,
    value,
  })),
  referenceTo: field.referenceTo ? [field.referenceTo] : [],
  relationshipName: field.relationshipName ?? null,
  restrictedPicklist: field.restricted,
  soapType: soapTypes[field.type] ?? 'xsd:string',
  sortable: field.type !== 'textarea' && field.type !== 'multipicklist',
  type: field.type,
  unique: field.unique,
  updateable: field.updateable && field.writable,
})

const summary = (object: ObjectType, version: string) => {
  const path = `/services/data/v${version}/sobjects/${object.name}`
  return {
    activateable: false,
    createable: object.createable,
    custom: false,
    customSetting: false,
    deletable: object.deletable,
    deprecatedAndHidden: false,
    keyPrefix: object.keyPrefix,
    label: object.label,
    labelPlural: object.labelPlural,
    layoutable: true,
    mergeable: object.name === 'Account' || object.name === 'Contact',
    name: object.name,
    queryable: object.queryable,
    replicateable: true,
    retrieveable: object.queryable,
    searchable: object.name === 'Account' || object.name === 'Contact',
    triggerable: true,
    undeletable: object.name === 'Account' || object.name === 'Contact',
    updateable: object.updateable,
    urls: { sobject: path, describe: `${path}/describe`, rowTemplate: `${path}/{ID}` },
  }
}

const describe = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  return {
    run: () => ({
      status: 200,
      body: {
        ...summary(object, call.version),
        childRelationships: [],
        fields: object.fields.filter((field) => field.visible).map(describeField),
        recordTypeInfos: [],
      },
    }),
  }
}

const basic = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  return { run: () => ({ status: 200, body: { objectDescribe: summary(object, call.version), recentItems: [] } }) }
}

const global = (call: Call): Work => ({
  run: () => ({
    status: 200,
    body: {
      encoding: 'UTF-8',
      maxBatchSize: 200,
      sobjects: call.org.schema.objects
        .filter((object) => object.queryable)
        .map((object) => summary(object, call.version)),
    },
  }),
})

const limits = (call: Call): Work => ({
  run: () => {
    const { limit, used } = call.org.usage
    return {
      status: 200,
      body: {
        DailyApiRequests: { Max: limit, Remaining: Math.max(0, limit - used()) },
        DailyBulkV2QueryJobs: { Max: 10_000, Remaining: 10_000 },
        DailyBulkApiBatches: { Max: 15_000, Remaining: 15_000 },
      },
    }
  },
})

const resources = (call: Call): Work => ({
  run: () => {
    const base = `/services/data/v${call.version}`
    return {
      status: 200,
      body: {
        sobjects: `${base}/sobjects`,
        query: `${base}/query`,
        queryAll: `${base}/queryAll`,
        composite: `${base}/composite`,
        limits: `${base}/limits`,
        identity: `${call.origin}/id/${call.org.orgId}/${call.org.userId}`,
      },
    }
  },
})

/** What the org has: objects, fields, limits. Before the rows' routes, whose patterns would catch `describe` as an id. */
export const describeRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/', kind: 'resources', prepare: resources },
  { method: 'GET', pattern: '/limits', kind: 'limits', prepare: limits },
  { method: 'GET', pattern: '/sobjects', kind: 'describe', prepare: global },
  { method: 'GET', pattern: '/sobjects/:object', kind: 'describe', prepare: basic },
  { method: 'GET', pattern: '/sobjects/:object/describe', kind: 'describe', prepare: describe },
]
