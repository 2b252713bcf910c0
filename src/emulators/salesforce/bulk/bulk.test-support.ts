import { parse } from 'csv-parse/sync'
import { type Answer, type Json, openSalesforce, type TestClient } from '../client.test-support.ts'
import type { SalesforceEmulatorOptions } from '../index.ts'

export type Row = { [column: string]: string }

export type BulkClient = TestClient & {
  /** Creates a job and gives its id. */
  open: (job: object) => Promise<string>
  upload: (id: string, csv: string | Uint8Array, headers?: Readonly<Record<string, string>>) => Promise<Response>
  close: (id: string) => Promise<Answer>
  info: (id: string, kind?: 'ingest' | 'query') => Promise<{ [name: string]: Json }>
  /** Waits until the job is over. */
  settle: (id: string, kind?: 'ingest' | 'query') => Promise<{ [name: string]: Json }>
  /** Opens, uploads, closes and waits. */
  load: (job: object, csv: string | Uint8Array) => Promise<{ id: string; job: { [name: string]: Json } }>
  /** Rows of a result file. */
  rows: (id: string, result: 'successfulResults' | 'failedResults' | 'unprocessedrecords') => Promise<Row[]>
}

const over = new Set<Json>(['JobComplete', 'Failed', 'Aborted'])

/** Some turns of the event loop, for what runs in the background. */
export const turns = async (count = 5): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** An emulator in the process, and what a client of Bulk API 2.0 does with it. */
export const openBulk = (options: SalesforceEmulatorOptions = {}): BulkClient => {
  const client = openSalesforce(options)
  const { call } = client
  const open: BulkClient['open'] = async (job) => {
    const { status, body } = await call('POST', '/jobs/ingest', job)
    if (status !== 200) throw new Error(JSON.stringify(body))
    return (body as { id: string }).id
  }
  const upload: BulkClient['upload'] = async (id, csv, headers = {}) =>
    client.app.request(`/services/data/v66.0/jobs/ingest/${id}/batches`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${await client.token()}`, 'content-type': 'text/csv', ...headers },
      body: typeof csv === 'string' ? csv : csv.slice(),
    })
  const close: BulkClient['close'] = (id) => call('PATCH', `/jobs/ingest/${id}`, { state: 'UploadComplete' })
  const info: BulkClient['info'] = async (id, kind = 'ingest') =>
    (await call('GET', `/jobs/${kind}/${id}`)).body as { [name: string]: Json }
  const settle: BulkClient['settle'] = async (id, kind) => {
    for (;;) {
      const job = await info(id, kind)
      if (over.has(job['state'])) return job
      await turns(1)
    }
  }
  return {
    ...client,
    open,
    upload,
    close,
    info,
    settle,
    load: async (job, csv) => {
      const id = await open(job)
      await upload(id, csv)
      await close(id)
      return { id, job: await settle(id) }
    },
    rows: async (id, result) => {
      const { body } = await call('GET', `/jobs/ingest/${id}/${result}`)
      return parse(String(body), { columns: true }) as Row[]
    },
  }
}
