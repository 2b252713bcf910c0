import type { UserRecord } from '../entities.ts'
import type { Instance } from '../instance.ts'
import { imageOf } from '../present-users.ts'
import type { EventType } from './event-types.ts'

// Events of billing, about a plan, a subscription and a payment that exist in the event alone: of billing, the emulator has no more.

type Json = Record<string, unknown>
type ItemStatus = 'abandoned' | 'active' | 'canceled' | 'ended' | 'incomplete' | 'past_due' | 'upcoming'

const day = 86_400_000
const month = 30 * day
const price = 1_450

const money = (amount: number): Json => ({
  amount,
  amount_formatted: `$${(amount / 100).toFixed(2)}`,
  currency: 'USD',
  currency_symbol: '$',
})

const planJson = (instance: Instance): Json => ({
  id: instance.newId('cplan'),
  slug: 'workshop',
  name: 'Workshop',
  is_recurring: true,
  amount: price,
  currency: 'USD',
})

/** Who pays: a person, so that what belongs to organizations is empty. */
const payerJson = (instance: Instance, user: UserRecord): Json => ({
  object: 'commerce_payer',
  id: instance.newId('cpayer'),
  user_id: user.id,
  first_name: user.first_name ?? '',
  last_name: user.last_name ?? '',
  email: user.identifications.find(({ id }) => id === user.primary_email_address_id)?.value ?? '',
  organization_id: '',
  organization_name: '',
  image_url: imageOf(user).image_url,
  created_at: user.created_at,
  updated_at: user.updated_at,
})

const itemJson = (instance: Instance, user: UserRecord, status: ItemStatus, isFreeTrial: boolean): Json => {
  const now = instance.now()
  const plan = planJson(instance)
  const start = status === 'upcoming' ? now + day : now
  return {
    object: 'commerce_subscription_item',
    id: instance.newId('csub_item'),
    status,
    is_free_trial: isFreeTrial,
    created_at: now,
    updated_at: now,
    period_start: start,
    period_end: start + month,
    interval: 'month',
    plan_id: plan['id'],
    plan,
    payer: payerJson(instance, user),
    subscription_id: instance.newId('csub'),
    seats: { quantity: null },
  }
}

const subscriptionJson = (instance: Instance, user: UserRecord, status: 'active' | 'past_due'): Json => {
  const now = instance.now()
  const { payer, ...item } = itemJson(instance, user, status, false)
  return {
    object: 'commerce_subscription',
    id: item['subscription_id'],
    status,
    active_at: now,
    canceled_at: null,
    created_at: now,
    ended_at: null,
    past_due_at: status === 'past_due' ? now : null,
    updated_at: now,
    latest_payment_id: null,
    payer_id: (payer as Json)['id'],
    payer,
    payment_source_id: instance.newId('cps'),
    items: [item],
  }
}

const paymentJson = (instance: Instance, user: UserRecord, status: 'pending' | 'paid'): Json => {
  const now = instance.now()
  const { is_free_trial, seats, payer, ...item } = itemJson(instance, user, 'active', false)
  const account = instance.newId('acct')
  return {
    id: instance.newId('pa'),
    instance_id: instance.instanceId,
    payment_id: instance.newId('cpa'),
    invoice_id: '',
    statement_id: instance.newId('stmt'),
    gateway_external_id: instance.newId('pi'),
    status,
    created_at: now,
    updated_at: now,
    paid_at: status === 'paid' ? now : null,
    failed_at: null,
    failed_reason: null,
    billing_date: now,
    charge_type: 'recurring',
    payee: {
      id: instance.newId('cpayee'),
      gateway_type: 'stripe',
      gateway_external_id: account,
      gateway_status: 'active',
    },
    payer,
    totals: { subtotal: money(price), tax_total: money(0), grand_total: money(price) },
    payment_source: {
      id: instance.newId('cps'),
      gateway: 'stripe',
      gateway_external_id: instance.newId('pm'),
      gateway_external_account_id: account,
      payment_method: 'card',
      status: 'active',
      card_type: 'visa',
      last4: '0077',
    },
    subscription_items: [{ ...item, payer }],
  }
}

type BillingEventType = Extract<
  EventType,
  `subscription.${string}` | `subscriptionItem.${string}` | `paymentAttempt.${string}`
>

type Make = (instance: Instance, user: UserRecord) => Json

const item =
  (status: ItemStatus, isFreeTrial = false): Make =>
  (instance, user) =>
    itemJson(instance, user, status, isFreeTrial)
const subscription =
  (status: 'active' | 'past_due'): Make =>
  (instance, user) =>
    subscriptionJson(instance, user, status)

/** What each event of billing carries when a user pays. */
export const billingExamples: Readonly<Record<BillingEventType, Make>> = {
  'subscription.created': subscription('active'),
  'subscription.updated': subscription('active'),
  'subscription.active': subscription('active'),
  'subscription.pastDue': subscription('past_due'),
  'subscriptionItem.created': item('active'),
  'subscriptionItem.updated': item('active'),
  'subscriptionItem.active': item('active'),
  'subscriptionItem.canceled': item('canceled'),
  'subscriptionItem.upcoming': item('upcoming'),
  'subscriptionItem.ended': item('ended'),
  'subscriptionItem.abandoned': item('abandoned'),
  'subscriptionItem.incomplete': item('incomplete'),
  'subscriptionItem.pastDue': item('past_due'),
  'subscriptionItem.freeTrialEnding': item('active', true),
  'paymentAttempt.created': (instance, user) => paymentJson(instance, user, 'pending'),
  'paymentAttempt.updated': (instance, user) => paymentJson(instance, user, 'paid'),
}
