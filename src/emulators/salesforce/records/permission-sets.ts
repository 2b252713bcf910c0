import { failure } from '../errors.ts'
import type { Org } from '../org.ts'
import type { ObjectType } from '../schema.ts'
import type { Row } from '../store.ts'
import { liveRows } from './checks.ts'

/** @throws RecordFailure DUPLICATE_VALUE when the assignee has the permission set already */
export const checkAssignment = (org: Org, object: ObjectType, row: Row): void => {
  const assignee = object.byName.get('assigneeid')
  const { AssigneeId = null, PermissionSetId = null } = row
  const others = assignee ? liveRows(org, object, assignee, AssigneeId) : []
  if (others.some((other) => other.Id !== row.Id && other['PermissionSetId'] === PermissionSetId)) {
    throw failure(
      'DUPLICATE_VALUE',
      `Duplicate PermissionSetAssignment. Assignee: ${AssigneeId}; Permission Set: ${PermissionSetId}`,
    )
  }
}
