import type { SalesforceApi } from '../../salesforce/api.ts'
import { heldFrom, readFields } from '../mirror/from-salesforce.ts'
import type { Request, RequestKind } from '../mirror/requests.ts'
import type { Held } from '../mirror/settle.ts'
import { objectOf, type Rules } from '../plan/mapping.ts'

/** Whose records ask for what. */
export const entityOf: Readonly<Record<RequestKind, 'organization' | 'person'>> = {
  organization: 'organization',
  invitation: 'person',
}

/**
 * Reads the records of requests as they are now, in one call: the last moment at which somebody may have thought better of it. A record that
 * is missing is not in the map.
 * @throws SalesforceError when Salesforce cannot be asked
 */
export const reread = async (
  api: Pick<SalesforceApi, 'retrieve'>,
  rules: Rules,
  kind: RequestKind,
  requests: readonly Request[],
  now: () => number,
): Promise<Map<string, Held>> => {
  const entity = entityOf[kind]
  const kinds = readFields(entity, rules)
  const asOf = now()
  const ids = requests.map(({ salesforceId }) => salesforceId)
  const found = await api.retrieve(objectOf[entity], ids, ['Id', 'SystemModstamp', ...kinds.keys()])
  return new Map(found.flatMap((record) => (record ? [[record.Id, heldFrom(record, kinds, asOf)] as const] : [])))
}
