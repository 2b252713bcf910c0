import type { CreditEntry, Subscription } from './entities.ts'
import { ApiError, formError, invalidValue, notFound } from './errors.ts'
import type { Instance } from './instance.ts'
import { oneOf, orNull, type Reader, type Shape, text } from './read-object.ts'

// What users and organizations have to their credit, and that they subscribe. It is all that is emulated of billing: subscriptions are
// opened by the emulator's controls, and have no items.

export type AdjustCreditsBody = {
  amount: number
  action: 'increase' | 'decrease'
  currency?: string | null
  idempotency_key: string
  note?: string | null
}

const cents: Reader<number> = (value, param) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw formError('form_param_type_invalid', param, 'is invalid', `${param} must be an integer.`)
  if (value <= 0) throw invalidValue(param, `${param} must be greater than zero.`)
  return value
}

const currency: Reader<string> = (value, param) => {
  const given = text()(value, param).toUpperCase()
  if (!/^[A-Z]{3}$/.test(given)) throw invalidValue(param, `${param} must be a currency code such as USD.`)
  return given
}

export const adjustCreditsShape: Shape<AdjustCreditsBody> = {
  amount: cents,
  action: oneOf('increase', 'decrease'),
  currency: orNull(currency),
  idempotency_key: text(255),
  note: orNull(text()),
}

const moneyJson = (amount: number, code: string): Record<string, unknown> => {
  const formatted = `${amount < 0 ? '-' : ''}${Math.floor(Math.abs(amount) / 100)}.${String(Math.abs(amount) % 100).padStart(2, '0')}`
  return { amount, amount_formatted: formatted, currency: code, currency_symbol: code === 'USD' ? '$' : code }
}

const entriesOf = ({ store }: Instance, payerId: string): CreditEntry[] =>
  store.credits.filter(({ payer_id }) => payer_id === payerId)

/** `null` for who has never had credits. */
export const balanceJson = (instance: Instance, payerId: string): Record<string, unknown> => {
  const entries = entriesOf(instance, payerId)
  const total = entries.reduce((sum, { amount }) => sum + amount, 0)
  const [first] = entries
  return { object: 'commerce_credit_balance', balance: first ? moneyJson(total, first.currency) : null }
}

export const creditEntryJson = (entry: CreditEntry): Record<string, unknown> => ({
  object: 'commerce_credit_ledger',
  id: entry.id,
  payer_id: entry.payer_id,
  amount: moneyJson(entry.amount, entry.currency),
  source_type: 'grant',
  source_id: entry.id,
  note: entry.note,
  created_at: new Date(entry.created_at).toISOString(),
})

/** Opens a subscription for a user or an organization who has none. */
export const subscribe = (instance: Instance, payerId: string): Subscription => {
  const known = instance.store.subscriptions.get(payerId)
  if (known) return known
  const subscription = { id: instance.newId('csub'), payer_id: payerId, created_at: instance.now() }
  instance.store.subscriptions.set(payerId, subscription)
  return subscription
}

/** @throws ApiError 404 for who does not subscribe. */
export const subscriptionJson = (instance: Instance, payerId: string): Record<string, unknown> => {
  const subscription = instance.store.subscriptions.get(payerId)
  if (!subscription) throw notFound(`No subscription was found for ${payerId}.`)
  return {
    object: 'commerce_subscription',
    id: subscription.id,
    instance_id: instance.instanceId,
    status: 'active',
    payer_id: payerId,
    created_at: subscription.created_at,
    updated_at: subscription.created_at,
    active_at: subscription.created_at,
    past_due_at: null,
    subscription_items: [],
    eligible_for_free_trial: false,
  }
}

/**
 * Adds to a balance or takes from it, once for each `idempotency_key`: again, the first entry is the answer.
 * @throws ApiError 409 for a key that stands for something else, 422 for more than there is
 */
export const adjustCredits = (instance: Instance, payerId: string, body: AdjustCreditsBody): CreditEntry => {
  const amount = body.action === 'increase' ? body.amount : -body.amount
  const code = body.currency ?? 'USD'
  const entries = entriesOf(instance, payerId)
  const earlier = entries.find(({ idempotency_key }) => idempotency_key === body.idempotency_key)
  if (earlier && (earlier.amount !== amount || earlier.currency !== code))
    throw new ApiError(409, 'duplicate_record', 'idempotency key was used', {
      longMessage: 'This idempotency_key was used for another adjustment.',
      meta: { param_name: 'idempotency_key' },
    })
  if (earlier) return earlier
  if (entries.some(({ currency: other }) => other !== code))
    throw invalidValue('currency', `currency must be ${entries[0]?.currency}, in which the balance is kept.`)
  if (entries.reduce((sum, entry) => sum + entry.amount, amount) < 0)
    throw invalidValue('amount', 'amount must not be greater than the balance.')
  const entry: CreditEntry = {
    id: instance.newId('ccl'),
    payer_id: payerId,
    amount,
    currency: code,
    idempotency_key: body.idempotency_key,
    note: body.note ?? null,
    created_at: instance.now(),
  }
  instance.store.credits.push(entry)
  return entry
}
