import type { SalesforceApi } from '../../salesforce/api.ts'
import { SalesforceError } from '../../salesforce/api.ts'
import type { Pace } from './pace.ts'

/** The calls that cost allowance and are made under load. */
export type PacedApi = Pick<SalesforceApi, 'write' | 'query'>

/** Salesforce with every call reserved before and reported after. @throws SalesforceError `allowance` when there is none left for us. */
export const pacedApi = (api: PacedApi, pace: Pace, now: () => number): PacedApi => {
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!pace.reserve())
      throw new SalesforceError('allowance', 'ALLOWANCE_SHARE', 'our share of the API calls of the day is used up')
    const started = now()
    try {
      const answer = await work()
      pace.finished({ ok: true, tookMs: now() - started })
      return answer
    } catch (error) {
      const lost = error instanceof SalesforceError && error.kind === 'lost-answer'
      pace.finished({ ok: false, tookMs: now() - started, lost })
      throw error
    }
  }
  return {
    write: (requests) => call(() => api.write(requests)),
    query: (soqls, options) => call(() => api.query(soqls, options)),
  }
}

/**
 * Whether the refusal says that the org's fields or objects are not what we think: everybody's problem and no record's, so nobody is
 * bisected or parked for it; the side is blocked until the mapping has been checked again.
 */
export const isSchemaProblem = ({ code, message }: { code: string; message: string }): boolean =>
  code === 'INVALID_TYPE' ||
  (code === 'INVALID_FIELD' && /No such column|No such relation|not supported/i.test(message))
