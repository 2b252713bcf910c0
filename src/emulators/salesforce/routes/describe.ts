/**
 * What objects and fields the user sees. Deployed metadata shows at once, and so does a permission.
 *
 * `If-Modified-Since` is answered with 304 while the schema is the one that was described at that time; the first
 * description after a change is when the change counts as made.
 */
import type { Call, Params, Reply, Route, Work } from '../api.ts'
import { RequestFailure } from '../errors.ts'
import type { Org } from '../org.ts'
import type { ObjectType, Schema } from '../schema.ts'
import { describeField } from './describe-field.ts'
import { isMergeable, isReplicateable, isSearchable, isUndeletable } from './object-traits.ts'
import { recentRecords } from './recent.ts'
import { objectOf } from './shared.ts'

const summary = (object: ObjectType, version: string) => {
  const path = `/services/data/v${version}/sobjects/${object.name}`
  return {
    activateable: false,
    associateEntityType: null,
    associateParentEntity: null,
    createable: object.createable,
    custom: object.custom,
    customSetting: false,
    deepCloneable: false,
    deletable: object.deletable,
    deprecatedAndHidden: false,
    feedEnabled: false,
    hasSubtypes: false,
    isInterface: false,
    isSubtype: false,
    keyPrefix: object.keyPrefix,
    label: object.label,
    labelPlural: object.labelPlural,
    layoutable: true,
    mergeable: isMergeable(object),
    mruEnabled: isSearchable(object),
    name: object.name,
    queryable: object.queryable,
    replicateable: isReplicateable(object),
    retrieveable: object.queryable,
    searchable: isSearchable(object),
    triggerable: true,
    undeletable: isUndeletable(object),
    updateable: object.updateable,
    urls: { sobject: path, describe: `${path}/describe`, rowTemplate: `${path}/{ID}` },
  }
}

const childRelationships = ({ schema }: Org, parent: ObjectType): unknown[] =>
  schema.objects
    .filter((child) => child.queryable)
    .flatMap((child) =>
      child.fields
        .filter((field) => field.visible && field.referenceTo === parent.name)
        .map((field) => ({
          cascadeDelete: field.onParentDelete === 'cascade',
          childSObject: child.name,
          deprecatedAndHidden: false,
          field: field.name,
          junctionIdListNames: [],
          junctionReferenceTo: [],
          relationshipName: field.childRelationshipName ?? null,
          restrictedDelete: field.onParentDelete === 'restrict',
        })),
    )

const masterType = '012000000000000AAA'

const recordTypeInfos = (object: ObjectType, version: string): unknown[] => {
  const layout = (id: string) => ({
    layout: `/services/data/v${version}/sobjects/${object.name}/describe/layouts/${id}`,
  })
  const types = object.recordTypes ?? []
  const master = {
    active: true,
    available: true,
    defaultRecordTypeMapping: !types.some((type) => type.isDefault),
    developerName: 'Master',
    master: true,
    name: 'Master',
    recordTypeId: masterType,
    urls: layout(masterType),
  }
  const own = types.map((type) => ({
    active: type.active,
    available: type.available,
    defaultRecordTypeMapping: type.isDefault,
    developerName: type.developerName,
    master: false,
    name: type.name,
    recordTypeId: type.id,
    urls: layout(type.id),
  }))
  return [...own, master]
}

type Described = { schema: Schema; since: number }
const described = new WeakMap<Org, Described>()

/** When the schema became what it is, in whole seconds as HTTP dates have them. */
const changedAt = (org: Org): number => {
  const known = described.get(org)
  if (known?.schema === org.schema) return known.since
  const since = Math.floor(org.clock.now() / 1000) * 1000
  described.set(org, { schema: org.schema, since })
  return since
}

const unlessUnchanged = (call: Call, show: () => unknown): Reply => {
  const changed = changedAt(call.org)
  const modifiedSince = Date.parse(call.header('if-modified-since') ?? '')
  const unmodifiedSince = Date.parse(call.header('if-unmodified-since') ?? '')
  if (modifiedSince >= changed) return { status: 304 }
  if (unmodifiedSince < changed)
    throw new RequestFailure(412, 'PRECONDITION_FAILED', 'The metadata was modified since the given date')
  return { status: 200, body: show(), headers: { 'last-modified': new Date(changed).toUTCString() } }
}

const describe = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  const { org, version } = call
  return {
    run: () =>
      unlessUnchanged(call, () => ({
        actionOverrides: [],
        ...summary(object, version),
        childRelationships: childRelationships(org, object),
        compactLayoutable: true,
        defaultImplementation: null,
        extendedBy: null,
        extendsInterfaces: null,
        fields: object.fields.filter((field) => field.visible).map(describeField),
        implementedBy: null,
        implementsInterfaces: null,
        listviewable: null,
        lookupLayoutable: null,
        namedLayoutInfos: [],
        networkScopeFieldName: null,
        recordTypeInfos: recordTypeInfos(object, version),
        searchLayoutable: true,
        sobjectDescribeOption: 'FULL',
        supportedScopes: [
          { label: `All ${object.labelPlural}`, name: 'everything' },
          { label: `My ${object.labelPlural}`, name: 'mine' },
        ],
      })),
  }
}

const basic = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  const recentItems = () => recentRecords(call).filter((item) => item.attributes.type === object.name)
  return {
    run: () => ({
      status: 200,
      body: { objectDescribe: summary(object, call.version), recentItems: recentItems() },
    }),
  }
}

const global = (call: Call): Work => ({
  run: () =>
    unlessUnchanged(call, () => ({
      encoding: 'UTF-8',
      maxBatchSize: 200,
      sobjects: call.org.schema.objects
        .filter((object) => object.queryable)
        .map((object) => summary(object, call.version)),
    })),
})

const layouts = (call: Call, params: Params): Work => {
  const object = objectOf(call, params)
  throw new RequestFailure(501, 'NOT_IMPLEMENTED', `layouts of ${object.name}: not supported by the emulator`)
}

/** Objects and fields. Before the rows' routes, whose patterns would catch `describe` as an id. */
export const describeRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/sobjects', kind: 'describe', prepare: global },
  { method: 'GET', pattern: '/sobjects/:object', kind: 'describe', prepare: basic },
  { method: 'GET', pattern: '/sobjects/:object/describe', kind: 'describe', prepare: describe },
  { method: 'GET', pattern: '/sobjects/:object/describe/layouts', kind: 'describe', prepare: layouts },
  { method: 'GET', pattern: '/sobjects/:object/describe/layouts/:type', kind: 'describe', prepare: layouts },
]
