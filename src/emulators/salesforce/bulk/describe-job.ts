import type { Call } from '../api.ts'
import { refused } from '../errors.ts'
import type { Org } from '../org.ts'
import { visibleField } from '../records/read-record.ts'
import { clientOf } from '../routes/shared.ts'
import type { ObjectType } from '../schema.ts'
import { isIdLookup } from '../soql/traits.ts'
import { type IngestJob, type IngestOperation, newJob } from './jobs.ts'
import { bulkObject, oneOf, readDialect, readProperties } from './shared.ts'

const operations: readonly IngestOperation[] = ['insert', 'update', 'upsert', 'delete', 'hardDelete']
const noHardDelete =
  'FeatureNotEnabled : hardDelete operation requires special user profile permission, please contact your system administrator'

/** The field that finds records of an upsert, in the schema's spelling; `Id` is one. */
export const upsertField = (object: ObjectType, name: unknown): string => {
  if (name === undefined || name === null)
    throw refused(
      'INVALIDJOB',
      `InvalidJob : External ID was blank for ${object.name}. An External ID must be specified for upsert.`,
    )
  const field = visibleField(object, String(name))
  if (!field || !isIdLookup(field))
    throw refused(
      'INVALIDJOB',
      `InvalidJob : Field name provided, ${String(name)} does not match an External ID for ${object.name}`,
    )
  return field.name
}

/**
 * "Bulk API Hard Delete" is off by default, for administrators too.
 * @throws RequestFailure FEATURENOTENABLED for a hard delete without the right
 */
export const checkHardDelete = (org: Org, operation: string): void => {
  if (operation === 'hardDelete' && !org.metadata.access().user.has('BulkApiHardDelete'))
    throw refused('FEATURENOTENABLED', noHardDelete)
}

/** Of what a job saves, as change events say it. */
export const originOf = (call: Call): string => `com/salesforce/api/bulkapi/${call.version}${clientOf(call)}`

const properties = [
  'object',
  'operation',
  'externalIdFieldName',
  'contentType',
  'columnDelimiter',
  'lineEnding',
  'assignmentRuleId',
] as const

/**
 * The job that a request describes.
 * @throws RequestFailure for one that cannot be
 */
export const jobFrom = (call: Call, body: unknown): IngestJob => {
  const { org } = call
  const json = readProperties(body, properties)
  const object = bulkObject(org, json['object'])
  const operation = oneOf(json, 'operation', operations)
  oneOf(json, 'contentType', ['CSV'], 'CSV')
  const dialect = readDialect(json)
  checkHardDelete(org, operation)
  const rule = json['assignmentRuleId']
  return {
    ...newJob(org.bulk, org.clock.now(), call.version, object.name),
    kind: 'ingest',
    state: 'Open',
    operation,
    externalIdFieldName: operation === 'upsert' ? upsertField(object, json['externalIdFieldName']) : undefined,
    origin: originOf(call),
    assignmentRuleId: typeof rule === 'string' ? rule : undefined,
    ...dialect,
    upload: undefined,
    outcomes: undefined,
  }
}
