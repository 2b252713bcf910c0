import { setTimeout as realTime } from 'node:timers/promises'
import type { ManualClock } from '../kit/clock.ts'
import { createSalesforceEmulator, type SalesforceEmulator, type SalesforceEmulatorOptions } from './index.ts'

/** The JSON of a reply, as loose as a test wants it. */
export type Json = string | number | boolean | null | undefined | Json[] | { [key: string]: Json }
export type Answer = { status: number; body: Json; headers: Headers }

export type TestClient = SalesforceEmulator & {
  /** Calls the API in-process with a live token; the path is taken behind `/services/data/v66.0`. */
  call: (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  query: (soql: string, path?: string) => Promise<{ [field: string]: Json }[]>
  control: (method: string, path: string, body?: unknown) => Promise<Answer>
  token: () => Promise<string>
}

const read = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  const json = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, body: json && text ? (JSON.parse(text) as Json) : text, headers: response.headers }
}

/** An emulator in the process, with a client that holds a token. For the emulator's own tests. */
export const openSalesforce = (options: SalesforceEmulatorOptions = {}): TestClient => {
  const emulator = createSalesforceEmulator(options)
  const { app, clientId, clientSecret } = emulator
  let current: Promise<string> | undefined
  const token = async (): Promise<string> => {
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    const reply = await app.request('/services/oauth2/token', { method: 'POST', body: new URLSearchParams(form) })
    return ((await reply.json()) as { access_token: string }).access_token
  }
  const send = async (method: string, url: string, body: unknown, headers: Readonly<Record<string, string>>) =>
    read(
      await app.request(url, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
  const call: TestClient['call'] = async (method, path, body, headers = {}) => {
    current ??= token()
    return send(method, `/services/data/v66.0${path}`, body, { authorization: `Bearer ${await current}`, ...headers })
  }
  return {
    ...emulator,
    call,
    token,
    control: (method, path, body) => send(method, `/_emulator${path}`, body, {}),
    query: async (soql, path = '/query') => {
      const { status, body } = await call('GET', `${path}?q=${encodeURIComponent(soql)}`)
      if (status !== 200) throw new Error(JSON.stringify(body))
      return (body as { records: { [field: string]: Json }[] }).records.map(({ attributes: _, ...record }) => record)
    },
  }
}

/** Lets time pass in small steps, so that requests come to their next wait in between. */
export const pass = async (clock: ManualClock, seconds: number): Promise<void> => {
  for (let i = 0; i < seconds; i++) {
    await realTime(2)
    await clock.advance(1_000)
  }
}
