import type { ClerkEmulator } from '../../src/emulators/clerk/index.ts'

type Json = Record<string, unknown>
export type Answer = { status: number; body: unknown }

/** Puts requests to an emulator in the process, as a client with a key would. */
export type Driver = {
  emulator: ClerkEmulator
  /** Any answer. A string is sent as it is, a form as multipart, anything else as JSON. */
  ask: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
  /** An answer that must be a success. @throws Error with the answer otherwise */
  get: (path: string) => Promise<Json>
  post: (path: string, body?: unknown) => Promise<Json>
  put: (path: string, body?: unknown) => Promise<Json>
  patch: (path: string, body?: unknown) => Promise<Json>
  remove: (path: string) => Promise<Json>
  /** What is done at the emulator's controls: signing in, accepting an invitation. */
  control: (path: string, body?: unknown) => Promise<Json>
}

/** The id of what an answer shows. */
export const idOf = (record: Json): string => String(record['id'])

export const createDriver = (emulator: ClerkEmulator): Driver => {
  const send = async (
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Answer> => {
    const form = body instanceof FormData
    const response = await emulator.app.request(path, {
      method,
      headers: { ...(body !== undefined && !form && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: form || typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
  }
  const ask: Driver['ask'] = (method, path, body, headers = {}) =>
    send(method, `/v1${path}`, body, { authorization: `Bearer ${emulator.secretKey}`, ...headers })
  const succeed = async (method: string, path: string, answer: Promise<Answer>): Promise<Json> => {
    const { status, body } = await answer
    if (status >= 300) throw new Error(`${method} ${path} was answered with ${status}: ${JSON.stringify(body)}`)
    return (body ?? {}) as Json
  }
  const verb = (method: string) => (path: string, body?: unknown) => succeed(method, path, ask(method, path, body))
  return {
    emulator,
    ask,
    get: verb('GET'),
    post: verb('POST'),
    put: verb('PUT'),
    patch: verb('PATCH'),
    remove: verb('DELETE'),
    control: (path, body = {}) => succeed('POST', path, send('POST', `/_emulator${path}`, body, {})),
  }
}
