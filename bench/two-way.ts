/**
 * (h) From Salesforce to Clerk: how long a change takes, and what a thousand of them cost on both sides.
 *
 * Both emulators answer after 150 ms. The least that can be done is one question to Salesforce and one request to Clerk, one after the other.
 */
import { startPostgres } from '../test/support/postgres.ts'
import { type Child, startChild } from './child.ts'
import { type Figure, median, quantile } from './figures.ts'
import type { Options } from './options.ts'
import type { ProductCommands } from './product-process.ts'
import type { SidesCommands } from './sides-process.ts'

type Setup = { sides: Child<SidesCommands>; product: Child<ProductCommands>; options: Options }

const latencyMs = 150
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const single = async ({ sides }: Setup, rounds: number): Promise<Figure[]> => {
  const took: number[] = []
  for (let round = 0; round < rounds; round++) {
    took.push(await sides.ask('change', { organization: round, value: `single ${round}` }))
    // Not in step with any timer of the program's.
    await pause(50 + ((round * 37) % 250))
  }
  const seen = `median ${median(took).toFixed(0)} ms, p95 ${quantile(took, 0.95).toFixed(0)} ms, slowest ${Math.max(...took).toFixed(0)} ms; both sides answer after ${latencyMs} ms`
  const definition = `${rounds} single changes of an Account field on a quiet system: from Salesforce's commit to the departure of Clerk's answer`
  return [
    {
      name: 'two-way: change in Salesforce to visible in Clerk, median',
      definition,
      value: median(took),
      unit: 'ms',
      seen,
    },
    {
      name: 'two-way: change in Salesforce to visible in Clerk, p95',
      definition,
      value: quantile(took, 0.95),
      unit: 'ms',
      target: { most: 1_000 },
    },
    {
      name: 'two-way: the same, to the least there is',
      definition: `median, divided by the time of one question to Salesforce and one request to Clerk (2 × ${latencyMs} ms)`,
      value: median(took) / (2 * latencyMs),
      unit: '',
      target: { most: 1.5 },
    },
  ]
}

const sum = (calls: Readonly<Record<string, number>>): number => Object.values(calls).reduce((all, one) => all + one, 0)

const bulk = async ({ sides, product, options }: Setup): Promise<Figure[]> => {
  await sides.ask('zero', undefined)
  const changed = await sides.ask('changeAll', 'all at once')
  while ((await sides.ask('shown', 'all at once')) < changed) await pause(100)
  await product.ask('drain', 60_000)
  const { clerk, salesforce } = await sides.ask('read', undefined)
  options.report(`  Salesforce ${JSON.stringify(salesforce)}, Clerk ${JSON.stringify(clerk)}`)
  const thousands = changed / 1_000
  const definition = `API calls for ${changed} Accounts that change one after the other as fast as the emulator takes it, per 1,000; our own writes come back as webhooks meanwhile`
  return [
    {
      name: 'two-way: calls to Salesforce for 1,000 changed Accounts',
      definition: `${definition}; the least is one question for up to 2,000`,
      value: sum(salesforce) / thousands,
      unit: 'calls',
      target: { most: 5 },
    },
    {
      name: 'two-way: calls to Clerk for 1,000 changed Accounts',
      definition: `${definition}; the least is one write each`,
      value: sum(clerk) / thousands,
      unit: 'calls',
      target: { most: 1_000 },
    },
  ]
}

const config = { organization: { fields: { Tier__c: { from: 'public_metadata.tier', rule: 'salesforce' } } } } as const

export const measureTwoWay = async (options: Options): Promise<Figure[]> => {
  const postgres = await startPostgres({ durable: true })
  const databaseUrl = await postgres.createDatabase('two_way')
  const sides = startChild<SidesCommands>('./sides-process.ts')
  const product = startChild<ProductCommands>('./product-process.ts')
  try {
    const url = await product.ask('start', { databaseUrl, config, ...(await sides.ask('address', undefined)) })
    await sides.ask('webhooks', `${url}/webhooks/clerk`)
    await sides.ask('found', options.quick ? 200 : 1_000)
    while ((await product.ask('following', undefined)) !== 'stream') await pause(50)
    await pause(1_000)
    await product.ask('drain', 120_000)
    await sides.ask('slow', undefined)
    const setup = { sides, product, options }
    return [...(await single(setup, options.quick ? 20 : 100)), ...(await bulk(setup))]
  } finally {
    await product.ask('stop', undefined).catch(() => undefined)
    await Promise.all([product.stop(), sides.stop()])
    await postgres.stop()
  }
}
