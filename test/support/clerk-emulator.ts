import { type ClerkEmulator, type ClerkEmulatorOptions, createClerkEmulator } from '../../src/emulators/clerk/index.ts'

type Record = { id: string } & { [field: string]: unknown }
export type Answer = { status: number; headers: Headers; body: unknown }
export type Refusal = { status: number; code: string | undefined; meta?: object }

/** An emulator in the process, and short ways to ask it. */
export type CalledEmulator = ClerkEmulator & {
  call: (method: string, path: string, body?: unknown, headers?: { [name: string]: string }) => Promise<Answer>
  /** Status, code and `meta` of a refusal. */
  refusal: (method: string, path: string, body?: unknown, headers?: { [name: string]: string }) => Promise<Refusal>
  /** The body of an answer that must be a success. */
  ok: (method: string, path: string, body?: unknown) => Promise<Record>
  /** The id of what a POST made. */
  made: (path: string, body: unknown) => Promise<string>
  /** Types of the events so far. */
  events: () => string[]
}

export const callClerkEmulator = (options: ClerkEmulatorOptions = {}): CalledEmulator => {
  const emulator = createClerkEmulator({ rateLimits: false, ...options })
  const call: CalledEmulator['call'] = async (method, path, body, headers = {}) => {
    const response = await emulator.app.request(path, {
      method,
      headers: { authorization: `Bearer ${emulator.secretKey}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
  }
  const ok: CalledEmulator['ok'] = async (method, path, body) => {
    const answer = await call(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body as Record
  }
  return {
    ...emulator,
    call,
    ok,
    refusal: async (...input) => {
      const { status, body } = await call(...input)
      const [error] = (body as { errors?: { code: string; meta?: object }[] }).errors ?? []
      return { status, code: error?.code, ...(error?.meta && { meta: error.meta }) }
    },
    made: async (path, body) => (await ok('POST', path, body)).id,
    events: () => emulator.webhooks.messages().map(({ type }) => type),
  }
}
