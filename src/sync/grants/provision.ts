import { ClerkError, isRefusal } from '../../clerk/clerk-error.ts'
import type { Query } from '../../db/database.ts'
import type { Value } from '../../model/model.ts'
import { openIntentName } from '../mirror/intents.ts'
import { type Entry, writeLines } from '../mirror/journal.ts'
import { observeSalesforce } from '../mirror/observe-salesforce.ts'
import { endRequest, holdOpen, markTried, wakeInvitations } from '../mirror/request-claims.ts'
import type { Request } from '../mirror/requests.ts'
import type { Held } from '../mirror/settle.ts'
import type { ProvisionRule } from '../plan/grants.ts'
import { createOrganization, KeyReusedError, LeaseLostError } from './create-organization.ts'
import { type CarryOut, type Ending, fail, lost, wordsOf } from './ending.ts'

const reason = 'the Account asks for an organization'

const linkOf = async (query: Query, organizationId: string): Promise<{ id: number; salesforceId: string | null }[]> =>
  query(
    `select id, salesforce_id as "salesforceId" from clerkforce.link where entity = 'organization' and clerk_id = $1`,
    [organizationId],
  )

/** The organization is in the mirror, and by its mark its link has the Account: what is left is to say, once, that this is done. */
const finish = async (
  query: Query,
  { key, salesforceId }: Request,
  sight: Held,
  made: { id: string; name: string },
  now: number,
): Promise<void> => {
  if (!(await holdOpen(query, key))) return
  const [link] = await linkOf(query, made.id)
  // The Account as it was just read: its Clerk_Org_Id__c can be written without another look.
  await observeSalesforce(query, 'organization', [{ ...sight, clerkId: null }], now)
  await endRequest(query, key, { state: 'done', clerkId: made.id }, now)
  await wakeInvitations(query, now)
  const paired = link?.salesforceId === salesforceId
  const entry: Entry = {
    side: 'clerk',
    kind: 'create',
    salesforceId,
    reason,
    fields: { name: { before: null, after: made.name, why: reason } },
    result: 'done',
    ...(paired
      ? {}
      : { detail: 'the Account was given to another organization meanwhile: this one gets an Account of its own' }),
  }
  await writeLines(query, [{ linkId: link?.id ?? null, entry }], now)
}

const slugOf = ({ slug }: ProvisionRule, sight: Held): string | undefined => {
  const value: Value | undefined = typeof slug === 'function' ? slug(sight.fields) : slug && sight.fields[slug]
  return typeof value === 'string' && value !== '' ? value : undefined
}

const slugFailed = (error: unknown): Ending => {
  const words = error instanceof Error ? error.name : 'something else'
  return fail('MAPPING_FAILED', `the function provision.slug of the mapping threw (${words}): correct it, then approve`)
}

/** Makes the organization that an Account asks for. */
export const provision =
  (rule: ProvisionRule): CarryOut =>
  async ({ db, clerk, clock, newKey, lease }, request, sight) => {
    const { key } = request
    const now = clock.now()
    let slug: string | undefined
    try {
      slug = slugOf(rule, sight)
    } catch (error) {
      return slugFailed(error)
    }
    // Where it may have been made already, it was under the name of then.
    const name = (await openIntentName(db.query, key)) ?? String(sight.fields['Name'] ?? '')
    if (name === '')
      return fail('NO_NAME', 'the Account has no name that the organization could have: fill in Name, then approve')
    if (!(await markTried(db.query, { key, lease, organizationId: null }, now))) return { end: 'left' }
    const done = (query: Query, id: string): Promise<void> => finish(query, request, sight, { id, name }, clock.now())
    try {
      const { maxAllowedMemberships } = rule
      const wanted = { key, name, slug, maxAllowedMemberships }
      const made = await createOrganization({ db, clerk, clock, newKey, finished: done }, wanted)
      return { end: 'done', finish: (query) => done(query, made.id) }
    } catch (error) {
      if (error instanceof LeaseLostError) return { end: 'left' }
      if (error instanceof KeyReusedError)
        return fail('KEY_REUSED', `${error.message}: rename the Account, then approve`)
      if (!(error instanceof ClerkError)) throw error
      if (error.kind === 'lost-answer') return lost(error)
      if (!isRefusal(error)) throw error
      return fail(error.code, `Clerk refuses the organization: ${wordsOf(error)}. Change what it names, then approve`)
    }
  }
