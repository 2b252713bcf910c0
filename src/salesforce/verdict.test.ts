import { expect, test } from 'vitest'
import { judgeRow, knownCodes, type RowVerdict, recordIdIn, verdictFor } from './verdict.ts'

const cases: [code: string, message: string, verdict: RowVerdict, fields?: string[]][] = [
  ['UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record or 1 records: 001xx000003DGb2', 'retry'],
  ['REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.', 'retry'],
  ['SERVER_UNAVAILABLE', '', 'retry'],
  ['UNKNOWN_EXCEPTION', 'An unexpected error occurred.', 'retry'],
  ['QUERY_TIMEOUT', '', 'retry'],
  ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'Record rolled back because not all records were valid', 'retry'],
  ['PROCESSING_HALTED', '', 'retry'],
  ['HTTP_502', '', 'retry'],
  [
    'INVALID_FIELD',
    'Foreign key external ID: org_x not found for field Clerk_Org_Id__c in entity Account',
    'wait-for-parent',
  ],
  ['INVALID_FIELD', "No such column 'Clerk_Status__c' on sobject of type Contact", 'park'],
  ['INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', 'wait-for-parent', ['AccountId']],
  ['INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', 'look-again'],
  ['ENTITY_IS_DELETED', 'entity is deleted', 'look-again'],
  ['NOT_FOUND', 'The requested resource does not exist', 'look-again'],
  [
    'DUPLICATE_VALUE',
    'duplicate value found: Clerk_Org_Id__c duplicates value on record with id: 001xx000003DGb2',
    'look-again',
  ],
  ['DUPLICATE_VALUE', 'This contact already has a relationship with this account.', 'look-again'],
  ['UNREADABLE_ANSWER', '', 'look-again'],
  ['DUPLICATE_EXTERNAL_ID', '', 'park'],
  ['DUPLICATES_DETECTED', 'Use one of these records?', 'park'],
  ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'Phone is needed', 'park'],
  ['REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]', 'park'],
  ['STRING_TOO_LONG', 'First Name: data value too large', 'park'],
  ['INVALID_EMAIL_ADDRESS', '', 'park'],
  ['INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', '', 'park'],
  ['FIELD_INTEGRITY_EXCEPTION', '', 'park'],
  ['INVALID_TYPE_ON_FIELD_IN_RECORD', '', 'park'],
  ['MALFORMED_ID', 'Account ID: id value of incorrect type: 003xx', 'park'],
  ['INVALID_FIELD_FOR_INSERT_UPDATE', 'Unable to create/update fields: AccountId', 'park'],
  ['INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY', '', 'park'],
  ['INSUFFICIENT_ACCESS_OR_READONLY', '', 'park'],
  ['INACTIVE_OWNER_OR_USER', '', 'park'],
  ['STORAGE_LIMIT_EXCEEDED', '', 'park'],
  ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 'ContactTrigger: execution of BeforeInsert: Name is wrong', 'park'],
  [
    'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    'ContactTrigger: first error: UNABLE_TO_LOCK_ROW, unable to obtain',
    'retry',
  ],
  ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 'System.LimitException: Too many SOQL queries: 101', 'limit-batch'],
  ['CANNOT_EXECUTE_FLOW_TRIGGER', 'The flow failed: Apex CPU time limit exceeded', 'limit-batch'],
  ['CANNOT_EXECUTE_FLOW_TRIGGER', 'The flow failed: the record is not ready', 'park'],
  ['LIMIT_EXCEEDED', '', 'limit-batch'],
  ['JSON_PARSER_ERROR', 'Unexpected parameter encountered during deserialization', 'limit-batch'],
  ['A_CODE_OF_TOMORROW', 'whatever', 'park'],
  ['constructor', 'a name that every object has', 'park'],
]

test.each(cases)('%s (%s) is answered with %s', (code, message, verdict, fields = []) => {
  expect(verdictFor(code, message, fields).verdict).toBe(verdict)
})

test('every code has advice of one sentence', () => {
  for (const code of [...knownCodes, 'A_CODE_OF_TOMORROW'])
    expect(verdictFor(code, '').advice).toMatch(/^[A-Z].{20,}\.$/)
})

test('a row whose whole request was refused is sent in smaller company before anything else is made of its code', () => {
  const row = { ok: false, code: 'INVALID_FIELD', message: 'No such column', fields: [] } as const
  expect(judgeRow(row).verdict).toBe('park')
  expect(judgeRow({ ...row, wholeRequest: true }).verdict).toBe('limit-batch')
  expect(judgeRow({ ...row, code: 'SERVER_UNAVAILABLE', wholeRequest: true }).verdict).toBe('retry')
})

test('the record in a duplicate value message is read in 18 characters', () => {
  const message = 'duplicate value found: Clerk_Org_Id__c duplicates value on record with id: 001D000000IRFma'
  expect(recordIdIn(message)).toBe('001D000000IRFmaIAH')
  expect(recordIdIn(`${message}IAH`)).toBe('001D000000IRFmaIAH')
  expect(recordIdIn('This contact already has a relationship with this account.')).toBeUndefined()
})
