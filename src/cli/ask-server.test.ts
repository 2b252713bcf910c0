import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { askServer } from './ask-server.ts'

test.each([
  [404, '{"error":"not found"}'],
  [500, '{"error":{"message":"oops"}}'],
  [200, 'null'],
  [200, '<!doctype html>'],
])('a server that answers %i with %s is named, and asked whether it is clerkforce', async (status, body) => {
  const stranger = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  onTestFinished(() => void stranger.close())
  await once(stranger.listen(0, '127.0.0.1'), 'listening')
  const { port } = stranger.address() as { port: number }
  const adminToken = 'a-token-of-sixteen-or-more'
  const operations = askServer({ host: '127.0.0.1', port, adminToken }, { folder: '.clerkforce', pid: 1 })
  await expect(operations.status()).rejects.toThrow(
    `the server at http://127.0.0.1:${port} answered ${status} in a way that is not clerkforce's; is it clerkforce?`,
  )
})
