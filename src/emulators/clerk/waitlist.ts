import type { CreateWaitlistEntryBody } from './bodies-joining.ts'
import type { WaitlistEntryRecord, WaitlistStatus } from './entities.ts'
import { ApiError, invalidValue, notFound } from './errors.ts'
import { normaliseIdentifier } from './identifications.ts'
import type { Instance } from './instance.ts'
import { sendEmail } from './mail.ts'
import { waitlistEntryJson } from './present-joining.ts'
import { deletedJson } from './present-organizations.ts'
import { type ClerkContext, compareBy, type ListPage, pageOf, readOrder, readPage } from './request.ts'

/** @throws ApiError 404 */
export const getWaitlistEntry = ({ store }: Instance, id: string): WaitlistEntryRecord => {
  const entry = store.waitlist.get(id)
  if (!entry) throw notFound(`No waitlist entry was found with id ${id}.`)
  return entry
}

const byAddress = ({ store }: Instance, email: string): WaitlistEntryRecord | undefined =>
  store.waitlist.byCreation().find(({ email_address }) => email_address === email)

/** Puts an entry into another state, with its event. */
export const setWaitlistStatus = (instance: Instance, entry: WaitlistEntryRecord, status: WaitlistStatus): void => {
  entry.status = status
  entry.updated_at = instance.now()
  instance.store.waitlist.touch()
  instance.emit('waitlistEntry.updated', waitlistEntryJson(instance, entry))
}

/** Who has signed up waits no longer. */
export const completeWaitlistEntry = (instance: Instance, email: string): void => {
  const entry = byAddress(instance, email)
  if (entry && entry.status !== 'completed') setWaitlistStatus(instance, entry, 'completed')
}

const insert = (instance: Instance, email: string, notify: boolean): WaitlistEntryRecord => {
  const now = instance.now()
  const entry: WaitlistEntryRecord = {
    id: instance.newId('wle'),
    seq: instance.nextSeq(),
    email_address: email,
    status: 'pending',
    invitation_id: null,
    invited_at: null,
    created_at: now,
    updated_at: now,
  }
  instance.store.waitlist.insert(entry)
  instance.emit('waitlistEntry.created', waitlistEntryJson(instance, entry))
  if (notify)
    sendEmail(instance, {
      slug: 'waitlist_confirmation',
      to: { address: email },
      subject: 'You are on the waitlist',
      text: 'We will let you know when there is room.',
    })
  return entry
}

/** One entry or a bulk of them; an address that waits already keeps its entry. */
export const createWaitlistEntries = (
  instance: Instance,
  bodies: readonly CreateWaitlistEntryBody[],
): WaitlistEntryRecord[] => {
  const emails = bodies.map(({ email_address }) => normaliseIdentifier('email_address', email_address))
  if (new Set(emails).size < emails.length)
    throw new ApiError(422, 'duplicate_list_items_not_allowed', 'duplicate list items not allowed', {
      longMessage: 'duplicate list items not allowed: email_address',
      meta: { param_name: 'email_address' },
    })
  return emails.map((email, i) => byAddress(instance, email) ?? insert(instance, email, bodies[i]?.notify ?? true))
}

/** @throws ApiError 409 for an entry that is not pending any more. */
const assertPending = (entry: WaitlistEntryRecord): void => {
  if (entry.status !== 'pending')
    throw new ApiError(409, 'waitlist_entry_not_pending', 'waitlist entry is not pending', {
      longMessage: `The waitlist entry is ${entry.status}; only pending entries can be changed this way.`,
    })
}

export const rejectWaitlistEntry = (instance: Instance, entry: WaitlistEntryRecord): void => {
  assertPending(entry)
  setWaitlistStatus(instance, entry, 'rejected')
}

/** Clerk has no event for an entry that goes. */
export const deleteWaitlistEntry = (instance: Instance, entry: WaitlistEntryRecord): object => {
  assertPending(entry)
  instance.store.waitlist.remove(entry)
  return deletedJson('waitlist_entry', { id: entry.id })
}

const statuses: readonly WaitlistStatus[] = ['pending', 'invited', 'completed', 'rejected']

/** GET /waitlist_entries. */
export const listWaitlistEntries = ({ store }: Instance, c: ClerkContext): ListPage<WaitlistEntryRecord> => {
  const order = readOrder(c, ['created_at', 'email_address', 'invited_at'], { key: 'created_at', descending: true })
  const wanted = c.req.query('status')
  if (wanted !== undefined && !statuses.some((status) => status === wanted))
    throw invalidValue('status', `status must be one of ${statuses.join(', ')}.`)
  const query = c.req.query('query')
  const part = query?.toLowerCase()
  const matching = store.waitlist
    .byCreation()
    .filter(
      ({ id, status, email_address }) =>
        (wanted === undefined || status === wanted) && (!part || email_address.includes(part) || id === query),
    )
  return pageOf(matching.sort(compareBy((entry) => entry[order.key], order.descending)), readPage(c))
}
