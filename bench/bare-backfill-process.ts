/**
 * The floor of a backfill: lists Clerk and sends what it found to Salesforce by bulk jobs. It remembers nothing but ids, looks at nothing,
 * and takes for granted that all goes well.
 *
 * Clerk's three lists are read side by side, in pages of 500. A job is as large as an upload may be. Relations that Salesforce makes by
 * itself have to be found before they can be written to, by a bulk query.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { answerQuestions } from './child.ts'
import type { ClerkAddress } from './scale-clerk-process.ts'
import type { SalesforceAddress } from './scale-org-process.ts'

type Shown = { id: string; created_at: number; name: string; slug: string; role: string }
type User = Shown & {
  first_name: string | null
  last_name: string | null
  primary_email_address_id: string | null
  email_addresses: { id: string; email_address: string }[]
}
type Membership = Shown & { organization: Shown; public_user_data: { user_id: string } }

const pageSize = 500
const dispatcher = new Agent({ connections: 10 })

const ask = async (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  headers: object,
  body?: string,
) => {
  const answer = await request(url, { method, headers: { ...headers }, body: body ?? null, dispatcher })
  const text = await answer.body.text()
  if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.statusCode} ${text.slice(0, 200)}`)
  return { text, headers: answer.headers }
}

const listerOf = ({ url, secretKey }: ClerkAddress) => {
  const headers = { authorization: `Bearer ${secretKey}` }
  const get = async (path: string): Promise<unknown> => JSON.parse((await ask('GET', url + path, headers)).text)
  const byOffset = async <T>(path: string, take: (one: T) => void): Promise<void> => {
    for (let offset = 0; ; offset += pageSize) {
      const search = `?order_by=%2Bcreated_at&limit=${pageSize}&offset=${offset}`
      const { data, total_count: total } = (await get(path + search)) as { data: T[]; total_count: number }
      for (const one of data) take(one)
      if (offset + pageSize >= total) return
    }
  }
  return {
    organizations: (take: (one: Shown) => void) => byOffset('/v1/organizations', take),
    memberships: (take: (one: Membership) => void) => byOffset('/v1/organization_memberships', take),
    users: async (take: (one: User) => void): Promise<void> => {
      for (let after = ''; ; ) {
        const cursor = after && `&starting_after=${after}`
        const page = (await get(`/v1/users?order_by=%2Bcreated_at&limit=${pageSize}${cursor}`)) as User[]
        for (const one of page) take(one)
        if (page.length < pageSize) return
        after = page.at(-1)?.id ?? ''
      }
    },
  }
}

const loaderOf = async ({ url, clientId, clientSecret }: SalesforceAddress) => {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  })
  const { text } = await ask(
    'POST',
    `${url}/services/oauth2/token`,
    { 'content-type': 'application/x-www-form-urlencoded' },
    form.toString(),
  )
  const authorization = `Bearer ${(JSON.parse(text) as { access_token: string }).access_token}`
  const json = { authorization, 'content-type': 'application/json' }
  const base = `${url}/services/data/v66.0/jobs`
  const untilDone = async (job: string): Promise<void> => {
    for (let ms = 200; ; ms = Math.min(5_000, ms * 2)) {
      await pause(ms)
      const { state } = JSON.parse((await ask('GET', job, json)).text) as { state: string }
      if (state === 'JobComplete') return
      if (state === 'Failed' || state === 'Aborted') throw new Error(`${job}: ${state}`)
    }
  }
  return {
    /** Sends a file; `take` is given the cells of each result, which begin with id and whether it was created. */
    load: async (
      job: { object: string; operation: string; externalIdFieldName?: string },
      lines: readonly string[],
      take: (cells: string[]) => void,
    ): Promise<void> => {
      if (lines.length < 2) return
      const made = await ask(
        'POST',
        `${base}/ingest`,
        json,
        JSON.stringify({ ...job, contentType: 'CSV', lineEnding: 'LF' }),
      )
      const path = `${base}/ingest/${(JSON.parse(made.text) as { id: string }).id}`
      await ask('PUT', `${path}/batches`, { authorization, 'content-type': 'text/csv' }, `${lines.join('\n')}\n`)
      await ask('PATCH', path, json, '{"state":"UploadComplete"}')
      await untilDone(path)
      const results = (await ask('GET', `${path}/successfulResults`, { authorization })).text.split('\n')
      const found = results.slice(1).filter(Boolean)
      if (found.length !== lines.length - 1) throw new Error(`${job.object}: ${found.length} of ${lines.length - 1}`)
      for (const line of found) take(line.split(',').map((cell) => cell.replace(/^"|"$/g, '')))
      await ask('DELETE', path, { authorization })
    },
    query: async (soql: string, take: (cells: string[]) => void): Promise<void> => {
      const made = await ask('POST', `${base}/query`, json, JSON.stringify({ operation: 'query', query: soql }))
      const path = `${base}/query/${(JSON.parse(made.text) as { id: string }).id}`
      await untilDone(path)
      for (let locator = ''; locator !== 'null'; ) {
        const page = await ask('GET', `${path}/results${locator && `?locator=${locator}`}`, { authorization })
        for (const line of page.text.split('\n').slice(1).filter(Boolean))
          take(line.split(',').map((cell) => cell.replace(/^"|"$/g, '')))
        locator = String(page.headers['sforce-locator'])
      }
      await ask('DELETE', path, { authorization })
    },
  }
}

const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const backfill = async (clerk: ClerkAddress, org: SalesforceAddress): Promise<void> => {
  const list = listerOf(clerk)
  const { load, query } = await loaderOf(org)
  const accounts = ['Clerk_Org_Id__c,Name,Clerk_Org_Slug__c,Clerk_Status__c']
  const people: User[] = []
  const memberships: { id: string; role: string; started: string; user: string; organization: string }[] = []
  /** Of each person the first, whose Account is the Contact's. */
  const first = new Map<string, string>()
  await Promise.all([
    list.organizations(({ id, name, slug }) => accounts.push(`${id},${name},${slug},active`)),
    list.users((user) => people.push(user)),
    list.memberships(({ id, role, created_at: at, organization, public_user_data: { user_id: user } }) => {
      memberships.push({ id, role, started: dateOf(at), user, organization: organization.id })
      if (!first.has(user)) first.set(user, organization.id)
    }),
  ])
  const accountIds = new Map<string, string>()
  const upsert = { operation: 'upsert' }
  await load(
    { object: 'Account', ...upsert, externalIdFieldName: 'Clerk_Org_Id__c' },
    accounts,
    ([id = '', , key = '']) => accountIds.set(key, id),
  )
  const contacts = people.map(
    ({ id, first_name, last_name, primary_email_address_id: primary, email_addresses: all }) => {
      const email = all.find((one) => one.id === primary)?.email_address ?? ''
      return `${id},${first_name},${last_name},${email},active,${accountIds.get(first.get(id) ?? '') ?? ''}`
    },
  )
  const contactIds = new Map<string, string>()
  const header = 'Clerk_User_Id__c,FirstName,LastName,Email,Clerk_Status__c,AccountId'
  await load(
    { object: 'Contact', ...upsert, externalIdFieldName: 'Clerk_User_Id__c' },
    [header, ...contacts],
    ([id = '', , key = '']) => contactIds.set(key, id),
  )
  const direct = new Map<string, string>()
  await query('SELECT Id, ContactId, AccountId FROM AccountContactRelation', ([id = '', contact = '', account = '']) =>
    direct.set(`${contact} ${account}`, id),
  )
  const updates = ['Id,Clerk_Membership_Id__c,Clerk_Role__c,IsActive,StartDate']
  const creates = ['Clerk_Membership_Id__c,Clerk_Role__c,IsActive,StartDate,ContactId,AccountId']
  for (const { id, role, started, user, organization } of memberships) {
    const [contact, account] = [contactIds.get(user), accountIds.get(organization)]
    const there = direct.get(`${contact} ${account}`)
    if (there) updates.push(`${there},${id},${role},true,${started}`)
    else creates.push(`${id},${role},true,${started},${contact},${account}`)
  }
  await load({ object: 'AccountContactRelation', operation: 'update' }, updates, () => undefined)
  await load(
    { object: 'AccountContactRelation', ...upsert, externalIdFieldName: 'Clerk_Membership_Id__c' },
    creates,
    () => undefined,
  )
}

const commands = {
  /** Resolves with the milliseconds that it took. */
  backfill: async ({ clerk, salesforce }: { clerk: ClerkAddress; salesforce: SalesforceAddress }): Promise<number> => {
    const started = performance.now()
    await backfill(clerk, salesforce)
    return performance.now() - started
  },
}
export type BareBackfillCommands = typeof commands
answerQuestions(commands)
