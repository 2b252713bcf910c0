/**
 * The load generator: signed webhooks over keep-alive connections, one request under way on each. Requests are signed and put into buffers
 * beforehand, and answers are read off the socket with as little parsing as will do, so that it takes little from the two cores.
 */
import { createConnection } from 'node:net'
import { answerQuestions } from './child.ts'
import { quantile } from './figures.ts'
import { signatureHeaders } from './signing.ts'
import { webhookBody } from './webhook-body.ts'

export type Load = { port: number; connections: number; warmUp: number; count: number }
export type Answered = { perSecond: number; p50: number; p99: number }

const requestOf = (run: string, n: number): Buffer => {
  const body = webhookBody(n)
  const headers = {
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...signatureHeaders(`msg_${run}_${n}`, body),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`POST /webhooks/clerk HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** Whether these bytes are a whole answer. Answers are short, and the next one comes only when asked for. */
const isWhole = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /content-length: *(\d+)/i.exec(text.slice(0, end))?.[1]
  return length === undefined ? text.endsWith('0\r\n\r\n') : text.length >= end + 4 + Number(length)
}

/** Sends requests on one connection, one after the other, as long as `next` has any. */
const drive = (port: number, next: () => Buffer | undefined, answered: (ms: number) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    let started = 0
    let text = ''
    const send = (): void => {
      const request = next()
      if (!request) {
        socket.end()
        resolve()
        return
      }
      text = ''
      started = performance.now()
      socket.write(request)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (!isWhole(text)) return
      if (!text.startsWith('HTTP/1.1 200')) {
        socket.destroy()
        reject(new Error(text.slice(0, 300)))
        return
      }
      answered(performance.now() - started)
      send()
    })
  })

const commands = {
  /** Sends `warmUp` webhooks, then `count` more: only these are measured. */
  run: async ({ port, connections, warmUp, count }: Load): Promise<Answered> => {
    const run = `${process.pid}_${Date.now()}`
    const requests = Array.from({ length: warmUp + count }, (_, n) => requestOf(run, n))
    const times: number[] = []
    let sent = 0
    let answers = 0
    let started = 0
    const answered = (ms: number): void => {
      answers++
      if (answers === warmUp) started = performance.now()
      if (answers > warmUp) times.push(ms)
    }
    await Promise.all(Array.from({ length: connections }, () => drive(port, () => requests[sent++], answered)))
    const perSecond = count / ((performance.now() - started) / 1_000)
    return { perSecond, p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
  },
}
export type LoadCommands = typeof commands
answerQuestions(commands)
