import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('what is written to Clerk is counted and timed apart from what is written to Salesforce', async () => {
  const { events, render } = createMetrics({ watch: () => undefined, processMetrics: false })
  const write = { entity: 'person', kind: 'update', result: 'done', lagMs: 200 } as const
  events.delivered?.({ side: 'salesforce', ...write })
  events.delivered?.({ side: 'clerk', ...write })
  events.delivered?.({ side: 'clerk', ...write })
  const text = await render()
  const labels = 'entity="person",kind="update",result="done"'
  expect(text).toContain(`clerkforce_writes_total{side="salesforce",${labels}} 1`)
  expect(text).toContain(`clerkforce_writes_total{side="clerk",${labels}} 2`)
  expect(text).toContain('clerkforce_lag_seconds_count{side="salesforce",entity="person"} 1')
  expect(text).toContain('clerkforce_lag_seconds_count{side="clerk",entity="person"} 2')
})
