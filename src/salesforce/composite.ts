import type { WireCollection } from './collections.ts'
import { failureOfShape } from './failure.ts'
import type { Http } from './http.ts'
import { type Subresponse, subresponsesOf } from './schemas.ts'

/** A Composite holds at most five Collections or queries among its 25 subrequests. */
export const MAX_SUBREQUESTS = 5

/**
 * Sends several requests as one API call, in order, each for itself: `collateSubrequests: false` is what keeps the order from v49 on, and
 * with `allOrNone: false` the failure of one leaves the others alone. Answers come by the order of the requests.
 */
export const sendComposite = async (
  http: Http,
  base: string,
  kind: 'write-composite' | 'query-composite',
  requests: readonly WireCollection[],
): Promise<Subresponse[]> => {
  const compositeRequest = requests.map(({ method, path, body }, index) => ({
    method,
    url: path,
    referenceId: `r${index}`,
    ...(body !== undefined && { body }),
  }))
  const effect = kind === 'write-composite' ? 'writes' : 'reads'
  const answer = await http.send({
    kind,
    method: 'POST',
    path: `${base}/composite`,
    body: { allOrNone: false, collateSubrequests: false, compositeRequest },
    effect,
  })
  const byReference = subresponsesOf(answer)
  return requests.map((_, index) => {
    const subresponse = byReference?.get(`r${index}`)
    if (!subresponse) throw failureOfShape('a Composite that does not answer every subrequest', effect, 200)
    return subresponse
  })
}

/** Guards the 1 to 5 of the contract: more is a mistake of the caller's, and Salesforce would refuse all of it. */
export const assertSubrequestCount = (count: number): void => {
  if (count < 1 || count > MAX_SUBREQUESTS)
    throw new RangeError(`one call carries 1 to ${MAX_SUBREQUESTS} requests, not ${count}`)
}
