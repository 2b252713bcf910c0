import type { Side } from '../../model/model.ts'
import type { World } from './world.ts'

/** What was measured up to now. */
export type Figures = {
  /** Messages that Clerk sent, copies that arrived, and what was done to them on the way. */
  sent: { messages: number; arrived: number; twice: number; late: number; overtaken: number }
  /** How clerkforce answered them. */
  intake: { stored: number; repeated: number; unused: number }
  /** What clerkforce has to do still. */
  left: { hints: number; stale: number; dirty: number; parked: number; gaps: number }
  /** Change events of Salesforce. */
  followed: number
  /** Salesforce's error code, and when clerkforce tries again. */
  paused: { code: string; retryInMs: number } | undefined
  /** Records changed in Salesforce, API calls that this took, and how long after Clerk's change. */
  written: {
    records: number
    calls: number
    medianMs: number | undefined
    slowestMs: number | undefined
    /** The median of those that no outage held up. */
    undisturbedMs: number | undefined
  }
  /** Records changed in Clerk. */
  carried: number
}

/** A message counts as late from here on; undisturbed ones take a few milliseconds. */
const lateMs = 100

type Message = ReturnType<World['clerk']['webhooks']['messages']>[number]

const readSent = (messages: readonly Message[]): Figures['sent'] => {
  const attemptsOf = (message: Message) => message.deliveries.flatMap(({ attempts }) => attempts)
  const arrivedOf = (message: Message) => attemptsOf(message).filter(({ succeeded }) => succeeded).length
  const first = messages
    .flatMap((message) => {
      const [at] = attemptsOf(message).map((attempt) => attempt.at)
      return at === undefined ? [] : [{ at, created: message.createdAt }]
    })
    .sort((a, b) => a.at - b.at)
  let newest = 0
  let overtaken = 0
  for (const { created } of first) {
    if (created < newest) overtaken++
    newest = Math.max(newest, created)
  }
  return {
    messages: messages.length,
    arrived: messages.reduce((sum, message) => sum + arrivedOf(message), 0),
    twice: messages.filter((message) => arrivedOf(message) > 1).length,
    late: first.filter(({ at, created }) => at - created > lateMs).length,
    overtaken,
  }
}

/** What `/metrics` says of webhooks, all types together. */
const readIntake = async ({ clerkforce, adminToken }: World): Promise<Figures['intake']> => {
  const response = await fetch(`${clerkforce.url}/metrics`, { headers: { authorization: `Bearer ${adminToken}` } })
  const intake = { stored: 0, repeated: 0, unused: 0 }
  for (const [, labels = '', value] of (await response.text()).matchAll(/^clerkforce_hints_total\{(.*)\} (\d+)$/gm)) {
    const outcome = /outcome="(\w+)"/.exec(labels)?.[1]
    if (outcome === 'stored' || outcome === 'repeated' || outcome === 'unused') intake[outcome] += Number(value)
  }
  return intake
}

/** The middle one; undefined of none. */
export const median = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

const speedOf = (delivered: World['delivered']): { medianMs: number | undefined; slowestMs: number | undefined } => {
  const lags = delivered.flatMap(({ lagMs }) => lagMs ?? [])
  return { medianMs: median(lags), slowestMs: lags.length > 0 ? Math.max(...lags) : undefined }
}

/** Measures the world as it is now. */
export const readFigures = async (world: World): Promise<Figures> => {
  const { clerk, salesforce, clerkforce, delivered, clock } = world
  const [intake, counts] = await Promise.all([readIntake(world), clerkforce.engine.counts()])
  const { paused } = clerkforce.engine.health()
  const doneIn = (wanted: Side) => delivered.filter(({ side, result }) => side === wanted && result === 'done')
  const done = doneIn('salesforce')
  const outage = world.outage()
  const undisturbed = done.filter(({ at, lagMs = 0 }) => !outage || at < outage.from || at - lagMs > outage.until)
  return {
    sent: readSent(clerk.webhooks.messages()),
    intake,
    left: counts,
    followed: world.followed(),
    // The detail begins with the code.
    paused: paused && {
      code: paused.detail.split(':')[0] ?? paused.reason,
      retryInMs: Math.max(0, paused.until - clock.now()),
    },
    written: {
      records: done.length,
      calls: Object.values(salesforce.stats().calls).reduce((sum, count) => sum + count, 0),
      ...speedOf(done),
      undisturbedMs: speedOf(undisturbed).medianMs,
    },
    carried: doneIn('clerk').length,
  }
}
