import { parse } from 'csv-parse/sync'
import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { type BulkClient, openBulk, turns } from './bulk.test-support.ts'

type Said = { status: number; type: string | null; text: string }

const client = (salesforce: BulkClient) => {
  const send = async (method: string, path: string, type?: string, body?: string): Promise<Said> => {
    const response = await salesforce.app.request(`/services/async/66.0${path}`, {
      method,
      headers: { 'x-sfdc-session': await salesforce.token(), ...(type === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body }),
    })
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }
  const xml = 'application/xml'
  const job = (content: string) =>
    `<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">${content}</jobInfo>`
  const open = async (content: string) => idOf(await send('POST', '/job', xml, job(content)))
  return {
    send,
    open,
    change: (id: string, state: string) => send('POST', `/job/${id}`, xml, job(`<state>${state}</state>`)),
    batch: async (id: string, content: string, type = 'text/csv') =>
      idOf(await send('POST', `/job/${id}/batch`, type, content)),
  }
}

const read = (text: string) => new XMLParser({ parseTagValue: false }).parse(text) as Record<string, never>
const idOf = ({ text }: Said): string => {
  const document = read(text) as Record<string, { id: string } | undefined>
  const id = (document['jobInfo'] ?? document['batchInfo'])?.id
  if (id === undefined) throw new Error(text)
  return id
}
const inserting = '<operation>insert</operation><object>Contact</object><contentType>CSV</contentType>'

test('a job takes batches, and each gives back its rows in their order', async () => {
  const salesforce = openBulk()
  const one = client(salesforce)
  const made = await one.send('POST', '/job', 'application/xml; charset=utf-8', `\n<jobInfo>${inserting}</jobInfo>`)
  expect([made.status, made.type]).toEqual([201, 'application/xml'])
  expect(read(made.text)['jobInfo']).toMatchObject({ state: 'Open', concurrencyMode: 'Parallel', apiVersion: '66.0' })
  const job = idOf(made)
  const batch = await one.batch(job, 'LastName,FirstName\r\nA,1\r\n,2\r\nC,3\r\n')
  await turns()
  const info = await one.send('GET', `/job/${job}/batch/${batch}`)
  expect(read(info.text)['batchInfo']).toMatchObject({
    jobId: job,
    state: 'Completed',
    numberRecordsProcessed: '3',
    numberRecordsFailed: '1',
  })
  const result = await one.send('GET', `/job/${job}/batch/${batch}/result`)
  expect(result.type).toBe('text/csv')
  expect(parse(result.text, { columns: true })).toEqual([
    { Id: expect.stringMatching(/^003/), Success: 'true', Created: 'true', Error: '' },
    {
      Id: '',
      Success: 'false',
      Created: 'false',
      Error: 'REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --',
    },
    { Id: expect.stringMatching(/^003/), Success: 'true', Created: 'true', Error: '' },
  ])
  expect((await one.send('GET', `/job/${job}/batch/${batch}/request`)).text).toContain('LastName,FirstName')
  expect(read((await one.change(job, 'Closed')).text)['jobInfo']).toMatchObject({
    state: 'Closed',
    numberBatchesTotal: '1',
    numberRecordsProcessed: '3',
  })
  const late = await one.send('POST', `/job/${job}/batch`, 'text/csv', 'LastName\nA\n')
  expect(late.status).toBe(400)
  expect(read(late.text)['error']).toEqual({
    exceptionCode: 'InvalidJobState',
    exceptionMessage: "Failed to create batch, since the Job is not Open. Current job state is 'Closed'",
  })
})

test('JSON and XML batches mean the same as CSV, with parents by key and nulls', async () => {
  const salesforce = openBulk()
  salesforce.seed({ Account: [{ Name: 'Acme', Clerk_Org_Id__c: 'org_1' }] })
  const one = client(salesforce)
  const json = await one.send(
    'POST',
    '/job',
    'application/json',
    JSON.stringify({ operation: 'insert', object: 'Contact', contentType: 'JSON' }),
  )
  const jsonJob = (JSON.parse(json.text) as { id: string }).id
  const added = await one.send(
    'POST',
    `/job/${jsonJob}/batch`,
    'application/json',
    JSON.stringify([{ LastName: 'A', Phone: null, Account: { Clerk_Org_Id__c: 'org_1' } }, { Phone: '1' }]),
  )
  await turns()
  const batch = (JSON.parse(added.text) as { id: string }).id
  const results: unknown = JSON.parse((await one.send('GET', `/job/${jsonJob}/batch/${batch}/result`)).text)
  expect(results).toEqual([
    { id: expect.stringMatching(/^003/), success: true, created: true, errors: [] },
    {
      id: null,
      success: false,
      created: false,
      errors: [
        {
          statusCode: 'REQUIRED_FIELD_MISSING',
          message: 'Required fields are missing: [LastName]',
          fields: ['LastName'],
        },
      ],
    },
  ])
  const xmlJob = await one.open(
    '<operation>upsert</operation><object>Contact</object><externalIdFieldName>Clerk_User_Id__c</externalIdFieldName><contentType>XML</contentType>',
  )
  const xmlBatch = await one.batch(
    xmlJob,
    '<sObjects xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><sObject><Clerk_User_Id__c>user_1</Clerk_User_Id__c><LastName>B &amp; C</LastName><Phone xsi:nil="true"/><Account><sObject><Clerk_Org_Id__c>org_1</Clerk_Org_Id__c></sObject></Account></sObject></sObjects>',
    'application/xml',
  )
  await turns()
  const { text } = await one.send('GET', `/job/${xmlJob}/batch/${xmlBatch}/result`)
  expect(read(text)['results']).toMatchObject({ result: { success: 'true', created: 'true' } })
  expect(await salesforce.query('SELECT LastName, Account.Name FROM Contact ORDER BY LastName')).toMatchObject([
    { LastName: 'A', Account: { Name: 'Acme' } },
    { LastName: 'B & C', Account: { Name: 'Acme' } },
  ])
})

test('a query batch names its result, which is CSV', async () => {
  const salesforce = openBulk()
  salesforce.seed({ Account: [{ Name: 'Acme' }] })
  const one = client(salesforce)
  const job = await one.open('<operation>query</operation><object>Account</object><contentType>CSV</contentType>')
  const batch = await one.batch(job, 'SELECT Name FROM Account')
  const spoilt = await one.batch(job, 'SELECT Name FROM Account GROUP BY Name')
  await turns()
  const list = read((await one.send('GET', `/job/${job}/batch/${batch}/result`)).text) as Record<
    string,
    { result: string } | undefined
  >
  const result = list['result-list']?.result ?? ''
  expect(result).toMatch(/^752/)
  expect((await one.send('GET', `/job/${job}/batch/${batch}/result/${result}`)).text).toBe('"Name"\n"Acme"\n')
  expect(read((await one.send('GET', `/job/${job}/batch/${spoilt}`)).text)['batchInfo']).toMatchObject({
    state: 'Failed',
    stateMessage:
      'InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: GROUP BY not supported in Bulk Query',
  })
})

test('a batch that cannot be read fails, and one of an aborted job is not processed', async () => {
  const clock = manualClock()
  const salesforce = openBulk({ clock, bulkQueueMs: 1_000 })
  const one = client(salesforce)
  const job = await one.open(inserting)
  const spoilt = await one.batch(job, 'LastName,Nope\nA,b\n')
  await clock.advance(1_000)
  expect(read((await one.send('GET', `/job/${job}/batch/${spoilt}`)).text)['batchInfo']).toMatchObject({
    state: 'Failed',
    stateMessage: 'InvalidBatch : Field name not found : Nope',
  })
  const waiting = await one.batch(job, 'LastName\nA\n')
  await one.change(job, 'Aborted')
  await clock.advance(1_000)
  expect(read((await one.send('GET', `/job/${job}/batch`)).text)['batchInfoList']).toMatchObject({
    batchInfo: [{ id: spoilt }, { id: waiting, state: 'NotProcessed' }],
  })
  expect(await salesforce.query('SELECT Id FROM Contact')).toEqual([])
})

test('batches of a serial job wait for each other', async () => {
  const clock = manualClock()
  const salesforce = openBulk({ clock, bulkBatchMs: 10_000_000 })
  const one = client(salesforce)
  const job = await one.open(`${inserting}<concurrencyMode>Serial</concurrencyMode>`)
  await one.batch(job, 'LastName\nA\n')
  await one.batch(job, 'LastName\nB\n')
  await turns()
  const states = async () =>
    read((await one.send('GET', `/job/${job}/batch`)).text)['batchInfoList'] as unknown as {
      batchInfo: { state: string }[]
    }
  expect((await states()).batchInfo.map(({ state }) => state)).toEqual(['InProgress', 'Queued'])
  await clock.advance(1_000)
  await turns()
  expect((await states()).batchInfo.map(({ state }) => state)).toEqual(['Completed', 'InProgress'])
})

test('what is wrong is said in the words of this version: 400, an exception code, XML or JSON', async () => {
  const salesforce = openBulk()
  const one = client(salesforce)
  const failure = async (method: string, path: string, type?: string, body?: string) => {
    const { status, text } = await one.send(method, path, type, body)
    return [status, (read(text)['error'] as { exceptionCode?: string } | undefined)?.exceptionCode]
  }
  expect(await failure('GET', '/job/750000000000000AAA')).toEqual([400, 'InvalidJob'])
  expect(await failure('GET', '/jobs')).toEqual([400, 'InvalidUrl'])
  expect(await failure('DELETE', '/job/750000000000000AAA')).toEqual([405, 'MethodNotAllowed'])
  expect(await failure('POST', '/job', 'application/xml', '<jobInfo>')).toEqual([400, 'InvalidXML'])
  expect(await failure('POST', '/job', 'application/xml', '<jobInfo><object>Nope</object></jobInfo>')).toEqual([
    400,
    'InvalidJob',
  ])
  const hard =
    '<jobInfo><operation>hardDelete</operation><object>Contact</object><contentType>CSV</contentType></jobInfo>'
  expect(await failure('POST', '/job', 'application/xml', hard)).toEqual([400, 'FeatureNotEnabled'])
  const json = await one.send('POST', '/job', 'application/json', '{"object":"Nope"}')
  expect(JSON.parse(json.text)).toEqual({
    exceptionCode: 'InvalidJob',
    exceptionMessage: 'Unable to find object: Nope',
  })
  const stranger = await salesforce.app.request('/services/async/66.0/job', { method: 'POST' })
  expect([stranger.status, await stranger.text()]).toEqual([
    400,
    expect.stringContaining('<exceptionCode>InvalidSessionId</exceptionCode>'),
  ])
})
