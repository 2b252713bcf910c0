import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLog } from './log.ts'

const logged = (write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> => {
  let text = ''
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    },
  })
  write(createLog('info', sink))
  return JSON.parse(text) as Record<string, unknown>
}

test('an error of the database is logged by its code, and nothing that it quotes', () => {
  const error = Object.assign(new Error('invalid input syntax for type bigint: "ada@acme.test"'), {
    code: '22P02',
    severity: 'ERROR',
    detail: 'Failing row contains (ada@acme.test)',
    parameters: ['ada@acme.test'],
  })
  const line = logged((log) => log.error({ stage: 'write', err: error }, 'a batch could not be delivered'))
  expect(JSON.stringify(line)).not.toContain('ada@')
  expect(line['err']).toMatchObject({ code: '22P02', message: 'database error 22P02' })
})

test('an error of JSON.parse is logged without the text that it quotes', () => {
  const parse = (): unknown => JSON.parse('{"first_name": Ada Lovelace}')
  const line = logged((log) => {
    try {
      parse()
    } catch (err) {
      log.error({ err }, 'a step failed')
    }
  })
  expect(JSON.stringify(line)).not.toMatch(/Ada|Lovelace/)
  expect(line['err']).toMatchObject({ type: 'SyntaxError', stack: expect.stringContaining('log.test.ts') })
})

test('other errors are logged in their own words, with the place', () => {
  const line = logged((log) => log.error({ err: new RangeError('too many') }, 'failed'))
  expect(line['err']).toMatchObject({ type: 'RangeError', message: 'too many' })
  expect(JSON.stringify(line['err'])).toContain('log.test.ts')
})

test('bodies and headers do not reach the log even when they are handed to it', () => {
  expect(logged((log) => log.info({ body: 'x', headers: { a: 1 }, stage: 'intake' }, 'hello'))).not.toHaveProperty(
    'body',
  )
})
