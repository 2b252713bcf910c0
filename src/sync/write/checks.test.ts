import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../clock.ts'
import { createSalesforceClient } from '../../salesforce/client.ts'
import { startChecks } from './checks.ts'

test('a check that a stop cuts off says nothing', async () => {
  // An org that takes the request and never answers.
  const org = createServer()
  onTestFinished(() => {
    org.closeAllConnections()
    org.close()
  })
  const asked = once(org, 'request')
  await once(org.listen(0, '127.0.0.1'), 'listening')
  const { port } = org.address() as { port: number }
  const api = createSalesforceClient({
    loginUrl: `http://127.0.0.1:${port}`,
    auth: { kind: 'client-credentials', clientId: 'id', clientSecret: 'secret' },
    apiVersion: '66.0',
    now: systemClock.now,
  })
  const said: string[] = []
  const say = (_: object, message: string): void => void said.push(message)
  const log = { debug: say, info: say, warn: say, error: say }
  const checks = startChecks({ api, config: {}, clock: systemClock, log, found: () => undefined })
  await asked
  await Promise.all([checks.stop(), api.close(0)])
  expect(said).toEqual([])
})
