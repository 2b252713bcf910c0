import type { RowResult } from './api.ts'
import { to18 } from './record-id.ts'

/**
 * What to do about a record that Salesforce refused:
 * - `retry`: passes by itself; wait and send the same again.
 * - `wait-for-parent`: an order problem; send again once the record it refers to exists.
 * - `look-again`: what we believed about this record is out of date; look it up and plan anew.
 * - `limit-batch`: the org's own automation was overrun; send fewer records together.
 * - `park`: stays as it is until a person changes something.
 */
export type RowVerdict = 'retry' | 'park' | 'look-again' | 'wait-for-parent' | 'limit-batch'

/** `advice` is one sentence for a person about what to do. */
export type Judgement = { readonly verdict: RowVerdict; readonly advice: string }

/** Where words or fields say more than the code, in order; the plain judgement is what remains. */
type Judge = Judgement & {
  readonly unless?: readonly (Judgement & { readonly when: (message: string, fields: readonly string[]) => boolean })[]
}

const LOCKED: Judgement = {
  verdict: 'retry',
  advice: 'Another change held the record or its Account; it is tried again by itself.',
}
const OVERRUN: Judgement = {
  verdict: 'limit-batch',
  advice:
    'The org’s own triggers or flows ran out of their limits; fewer records are sent together, and if that does not help, make them handle many records at once.',
}
const BUSY: Judgement = { verdict: 'retry', advice: 'Salesforce was busy or down; it is tried again by itself.' }
const UNDONE: Judgement = {
  verdict: 'retry',
  advice: 'Undone because of another record in the same request; it is tried again by itself.',
}
const GONE: Judgement = {
  verdict: 'look-again',
  advice:
    'The record was deleted or merged in Salesforce; it is looked up again, and its successor used if there is one.',
}
const NOT_ALLOWED: Judgement = {
  verdict: 'park',
  advice:
    'Give the integration user access to this object, record and field: assign the permission set and check sharing rules.',
}
const AUTOMATION: Judgement = {
  verdict: 'park',
  advice:
    'A trigger or flow of your org refused the record; its message says which and why. Change it or the data, then retry.',
}
const MISMAPPED: Judgement = {
  verdict: 'park',
  advice:
    'The mapping sends a field that Salesforce does not take here: correct the mapping, or deploy the field and grant access to it.',
}
const UNLIKED_VALUE: Judgement = {
  verdict: 'park',
  advice: 'Salesforce does not accept this value in the field: correct it at its source or change the mapping.',
}
const SPOILED: Judgement = {
  verdict: 'limit-batch',
  advice: 'One record made Salesforce refuse the whole request; fewer are sent together until it is found.',
}

const hidesLock = (message: string): boolean =>
  /UNABLE_TO_LOCK_ROW|unable to obtain exclusive access|record is currently locked/i.test(message)
const hidesLimit = (message: string): boolean =>
  /LimitException|Too many (SOQL|DML|query rows)|CPU time limit|Apex heap size/i.test(message)
const hidesBusy = (message: string): boolean => /QUERY_TIMEOUT|SERVER_UNAVAILABLE|UNKNOWN_EXCEPTION/.test(message)

/** The customer's code reports whatever went wrong inside it under its own code; only the text tells. */
const byOrgCode: Judge = {
  ...AUTOMATION,
  unless: [
    { ...LOCKED, when: hidesLock },
    { ...OVERRUN, when: hidesLimit },
    { ...BUSY, when: hidesBusy },
  ],
}

/** Codes as in the API's StatusCode and ExceptionCode lists. What is not here is parked: a code we do not know is not ours to repeat. */
const TABLE: Readonly<Record<string, Judge>> = {
  // Pass by themselves.
  UNABLE_TO_LOCK_ROW: LOCKED,
  SERVER_UNAVAILABLE: BUSY,
  UNKNOWN_EXCEPTION: BUSY,
  INTERNAL_ERROR: BUSY,
  QUERY_TIMEOUT: BUSY,
  REQUEST_RUNNING_TOO_LONG: { ...OVERRUN, advice: 'The request took too long; fewer records are sent together.' },
  REALTIME_PROCESSING_TIME_EXCEEDED_LIMIT: BUSY,
  FUNCTIONALITY_TEMPORARILY_UNAVAILABLE: BUSY,
  INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE: BUSY,
  ORG_IN_MAINTENANCE: BUSY,
  REQUEST_LIMIT_EXCEEDED: {
    verdict: 'retry',
    advice: 'The org’s API calls are used up for now; it is tried again by itself.',
  },
  ALL_OR_NONE_OPERATION_ROLLED_BACK: UNDONE,
  PROCESSING_HALTED: UNDONE,
  BATCH_PROCESSING_HALTED: UNDONE,

  // The order of things.
  INVALID_FIELD: {
    ...MISMAPPED,
    unless: [
      {
        verdict: 'wait-for-parent',
        advice: 'The record it belongs to is not in Salesforce yet; it is tried again once that is written.',
        when: (message) => /Foreign key external ID/i.test(message),
      },
    ],
  },
  INVALID_CROSS_REFERENCE_KEY: {
    verdict: 'wait-for-parent',
    advice:
      'It refers to a record that is not in Salesforce, or of another type; it is tried again once that is written.',
    // Without a field, the id that leads nowhere is the record's own: an update or delete of what was deleted meanwhile.
    unless: [
      {
        ...GONE,
        when: (message, fields) => fields.length === 0 && /^invalid cross reference id$/i.test(message.trim()),
      },
    ],
  },

  // Our picture is out of date.
  ENTITY_IS_DELETED: GONE,
  NOT_FOUND: GONE,
  RECORD_NOT_FOUND: GONE,
  MISSING_RECORD: GONE,
  DUPLICATE_VALUE: {
    verdict: 'look-again',
    advice: 'Another record already holds this key, or the relation exists; it is looked up and used instead.',
  },
  UNREADABLE_ANSWER: {
    verdict: 'look-again',
    advice: 'The answer for this record could not be read; the record is looked up to see what was done.',
  },

  // Duplicates that a person must judge.
  DUPLICATE_EXTERNAL_ID: {
    verdict: 'park',
    advice:
      'Several records carry the same key: merge them or clear the key on all but one, and make the field unique.',
  },
  MULTIPLE_RECORDS_FOUND: {
    verdict: 'park',
    advice:
      'Several records carry the same key: merge them or clear the key on all but one, and make the field unique.',
  },
  DUPLICATES_DETECTED: {
    verdict: 'park',
    advice:
      'A duplicate rule of your org blocks this record: put our key on the record it resembles, or exempt the integration user.',
  },

  // Values.
  REQUIRED_FIELD_MISSING: {
    verdict: 'park',
    advice: 'Your org requires fields that nothing is mapped to: map them, give them a default, or make them optional.',
  },
  FIELD_CUSTOM_VALIDATION_EXCEPTION: {
    verdict: 'park',
    advice:
      'A validation rule of your org refuses the record; its message says why. Correct the data, or exempt the integration user.',
  },
  STRING_TOO_LONG: {
    verdict: 'park',
    advice: 'The value is longer than the field: lengthen the field, or shorten the value in the mapping.',
  },
  INVALID_EMAIL_ADDRESS: {
    verdict: 'park',
    advice: 'Salesforce does not accept this e-mail address: correct it in Clerk, or leave it unmapped.',
  },
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: {
    verdict: 'park',
    advice:
      'The picklist does not have this value: add it in Salesforce (and to the record type), or translate it in the mapping.',
  },
  FIELD_INTEGRITY_EXCEPTION: UNLIKED_VALUE,
  INVALID_TYPE_ON_FIELD_IN_RECORD: UNLIKED_VALUE,
  NUMBER_OUTSIDE_VALID_RANGE: UNLIKED_VALUE,
  TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET: UNLIKED_VALUE,
  FIELD_FILTER_VALIDATION_EXCEPTION: {
    verdict: 'park',
    advice: 'A lookup filter of your org refuses the related record: change the filter or the relation, then retry.',
  },
  MALFORMED_ID: {
    verdict: 'park',
    advice: 'A reference holds an id of the wrong type or form: correct the mapping of that field.',
  },

  // The org's set-up and rights.
  ENTITY_IS_LOCKED: {
    verdict: 'park',
    advice: 'The record is locked by an approval process: finish or recall the approval, then retry.',
  },
  INVALID_FIELD_FOR_INSERT_UPDATE: MISMAPPED,
  FIELD_NOT_UPDATABLE: MISMAPPED,
  INVALID_TYPE: MISMAPPED,
  INVALID_ENTITY_FOR_UPSERT: MISMAPPED,
  INSUFFICIENT_ACCESS: NOT_ALLOWED,
  INSUFFICIENT_ACCESS_OR_READONLY: NOT_ALLOWED,
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: NOT_ALLOWED,
  TRANSFER_REQUIRES_READ: NOT_ALLOWED,
  INACTIVE_OWNER_OR_USER: {
    verdict: 'park',
    advice: 'The owner is an inactive user: give the record an active owner, then retry.',
  },
  FUNCTIONALITY_NOT_ENABLED: {
    verdict: 'park',
    advice: 'The org has not switched this feature on: enable it, or leave it out of the mapping.',
  },
  STORAGE_LIMIT_EXCEEDED: { verdict: 'park', advice: 'The org is out of storage: free some or buy more, then retry.' },
  DELETE_FAILED: {
    verdict: 'park',
    advice:
      'Something depends on the record (a portal user, a case, a child record): remove that first, or choose to deactivate instead.',
  },
  DEPENDENCY_EXISTS: {
    verdict: 'park',
    advice: 'Something depends on the record: remove that first, or choose to deactivate instead.',
  },

  // The customer's own code.
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: byOrgCode,
  CANNOT_EXECUTE_FLOW_TRIGGER: byOrgCode,
  FLOW_EXCEPTION: byOrgCode,
  CUSTOM_APEX_ERROR: byOrgCode,
  LIMIT_EXCEEDED: OVERRUN,
  TOO_MANY_APEX_REQUESTS: BUSY,

  // Refusals of a whole request.
  JSON_PARSER_ERROR: SPOILED,
  POST_BODY_PARSE_ERROR: SPOILED,
  INVALID_BATCH_REQUEST: SPOILED,
  EXCEEDED_MAX_SIZE_REQUEST: SPOILED,
  OPERATION_TOO_LARGE: SPOILED,
  EXCEEDED_MAX_TYPES_LIMIT: SPOILED,
}

const UNKNOWN: Judgement = {
  verdict: 'park',
  advice:
    'Salesforce refused the record for a reason that clerkforce does not know; see its message, correct the cause, then retry.',
}

/** The judgement for a failed row's code, words and fields. Total: an unknown code is parked, a bare 5xx is passing. */
export const verdictFor = (code: string, message: string, fields: readonly string[] = []): Judgement => {
  if (/^HTTP_5\d\d$/.test(code)) return BUSY
  const judge = Object.hasOwn(TABLE, code) ? TABLE[code] : undefined
  if (!judge) return UNKNOWN
  const { verdict, advice } = judge.unless?.find(({ when }) => when(message, fields)) ?? judge
  return { verdict, advice }
}

/**
 * The same for a result of `write`. Where the whole request was refused, most of its rows are innocent whatever the code says, so that they
 * are sent in smaller company first; a refusal that passes by itself stays one.
 */
export const judgeRow = (row: Extract<RowResult, { ok: false }>): Judgement => {
  const judgement = verdictFor(row.code, row.message, row.fields)
  return row.wholeRequest && judgement.verdict !== 'retry' ? SPOILED : judgement
}

/** Every code that the table knows. */
export const knownCodes: readonly string[] = Object.keys(TABLE)

/** The other record of a DUPLICATE_VALUE, from "duplicates value on record with id: 001..." (15 characters there, 18 here). */
export const recordIdIn = (message: string): string | undefined => {
  const id = /record with id:\s*([A-Za-z0-9]{18}|[A-Za-z0-9]{15})\b/.exec(message)?.[1]
  return id === undefined ? undefined : to18(id)
}
