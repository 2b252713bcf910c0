/** The floor of writing: sends ready-made calls one after the other, so many in flight, and reads their answers. No more than that. */
import { Agent, request } from 'undici'
import { answerQuestions } from './child.ts'
import type { OrgAddress, RecordedCall } from './org-process.ts'

const login = async ({ url, clientId, clientSecret }: OrgAddress): Promise<string> => {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  })
  const answer = await request(`${url}/services/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  })
  return ((await answer.body.json()) as { access_token: string }).access_token
}

const commands = {
  /** Sends the groups one after the other, the calls of a group `inFlight` at a time. Resolves with the milliseconds that took. */
  send: async (given: { org: OrgAddress; groups: RecordedCall[][]; inFlight: number }): Promise<number> => {
    const { org, groups, inFlight } = given
    const headers = { authorization: `Bearer ${await login(org)}`, 'content-type': 'application/json' }
    const dispatcher = new Agent({ connections: inFlight })
    const started = performance.now()
    for (const calls of groups) {
      let next = 0
      const lane = async (): Promise<void> => {
        for (let call = calls[next++]; call; call = calls[next++]) {
          const { method, path, body } = call
          const answer = await request(org.url + path, {
            method: method as 'PATCH',
            headers,
            body: body ?? null,
            dispatcher,
          })
          const text = await answer.body.text()
          if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 200)}`)
          JSON.parse(text)
        }
      }
      await Promise.all(Array.from({ length: inFlight }, lane))
    }
    const took = performance.now() - started
    await dispatcher.close()
    return took
  },
}
export type BareLoopCommands = typeof commands
answerQuestions(commands)
