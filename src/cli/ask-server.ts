import type { Settings } from '../config.ts'
import { SettingError } from '../errors.ts'
import type { Erasable } from '../server/erasures.ts'
import type { Operations, Retried, Status } from '../server/operations.ts'
import type { PlannedPage } from '../server/plans.ts'
import type { Problem } from '../server/problem.ts'
import type { RunStatus } from '../server/runs.ts'
import type { AdoptionPage } from '../sync/decide/adoption.ts'
import type { DecidedPair, WantedPair } from '../sync/decide/decide.ts'
import type { Resync } from '../sync/decide/resync.ts'
import type { Undone } from '../sync/decide/undo.ts'
import type { Explanation } from '../sync/explain/explanation.ts'
import type { CreatedOrganization } from '../sync/grants/create-organization.ts'
import type { ListedRequest } from '../sync/mirror/approvals.ts'
import type { ParkedLink, ProblemHint } from '../sync/mirror/counts.ts'
import type { Target } from '../sync/mirror/dirty.ts'
import type { DriftRow } from '../sync/mirror/drift.ts'
import type { Unapplied } from '../sync/mirror/expected.ts'
import type { Receipt } from '../sync/mirror/receipts.ts'

const timeoutMs = 120_000

/** The running process that holds the database folder. */
export type Holder = { folder: string; pid: number }

type Ask = <T>(path: string, send?: { body: unknown; headers?: Record<string, string> }) => Promise<T>

const createAsk = (url: string, token: string, { folder, pid }: Holder): Ask => {
  const ask: Ask = async <T>(path: string, send?: { body: unknown; headers?: Record<string, string> }) => {
    const init: RequestInit = send
      ? {
          method: 'POST',
          body: JSON.stringify(send.body),
          headers: { 'content-type': 'application/json', ...send.headers },
        }
      : {}
    const response = await fetch(url + path, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw new Error(
        `process ${pid} has the database folder ${folder} open, but does not answer at ${url}: where it has just been started, wait a moment; where its server has another port, set PORT (--port) to it`,
        { cause },
      )
    })
    const json = (await response.json().catch(() => undefined)) as (T & Partial<Problem>) | null | undefined
    if (response.ok && json && json.error === undefined) return json
    const { code, message = 'the request failed' } = json?.error ?? {}
    if (code === undefined)
      throw new Error(
        `the server at ${url} answered ${response.status} in a way that is not clerkforce's; is it clerkforce? PORT (--port) says where to ask`,
      )
    if (code === 'unauthorized')
      throw new SettingError(`CLERKFORCE_ADMIN_TOKEN (--admin-token) is not the token of the server at ${url}.`)
    if (code === 'closed')
      throw new SettingError(
        `the server at ${url} was started without CLERKFORCE_ADMIN_TOKEN, so it cannot be asked; start it with one.`,
      )
    throw new Error(`${code}: ${message}`)
  }
  return ask
}

/** An answer, or undefined where the server says by this code that there is none. */
const unlessMissing = <T>(code: string, answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith(`${code}:`)) return undefined
    throw error
  })

const queryOf = (asked: Readonly<Record<string, string | number | undefined>>): string => {
  const given = Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

/**
 * Operations by asking the process that holds the database folder.
 * @throws SettingError without an admin token.
 */
export const askServer = ({ host, port, adminToken }: Settings['server'], holder: Holder): Operations => {
  if (adminToken === undefined)
    throw new SettingError(
      `CLERKFORCE_ADMIN_TOKEN (--admin-token) is missing. Process ${holder.pid} has the database folder ${holder.folder} open, so it has to be asked over HTTP.`,
    )
  const everywhere = host === '0.0.0.0' || host === '::'
  const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const ask = createAsk(`http://${name}:${port}`, adminToken, holder)
  return {
    status: () => ask<Status>('/api/status'),
    explain: (id, limit) => ask<Explanation>(`/api/explain/${encodeURIComponent(id)}?limit=${limit}`),
    parked: async (limit) => (await ask<{ parked: ParkedLink[] }>(`/api/parked?limit=${limit}`)).parked,
    problems: async (limit) => (await ask<{ problems: ProblemHint[] }>(`/api/problems?limit=${limit}`)).problems,
    approvals: async (limit) => (await ask<{ requests: ListedRequest[] }>(`/api/approvals?limit=${limit}`)).requests,
    decide: async (decision, requests) => {
      const answer = await ask<{ decided: { requests: string[] } }>(`/api/${decision}`, { body: { requests } })
      return answer.decided.requests
    },
    erasable: (person) => ask<Erasable>(`/api/erasable/${encodeURIComponent(person)}`),
    erase: ({ person, force = false }) => ask<Receipt>('/api/erasures', { body: { person, force } }),
    receipt: (id) => unlessMissing('no-receipt', ask<Receipt>(`/api/erasures/${encodeURIComponent(id)}`)),
    link: async (pairs) => (await ask<{ pairs: DecidedPair[] }>('/api/link', { body: { pairs } })).pairs,
    unlink: async (id, makeNew) =>
      (await ask<{ unlinked: WantedPair }>('/api/unlink', { body: { id, new: makeNew } })).unlinked,
    adoption: (entity, after) => ask<AdoptionPage>(`/api/adoption/${entity}?after=${encodeURIComponent(after)}`),
    undo: async (undo) => (await ask<{ undone: Undone[] }>('/api/undo', { body: undo })).undone,
    resync: (mark) => ask<Resync>('/api/resync', { body: { mark } }),
    startRun: ({ kind, only, acceptDeletions }) =>
      ask<RunStatus>('/api/runs', { body: { kind, only, accept_deletions: acceptDeletions } }),
    runs: async (before, limit) => {
      const after = before === undefined ? '' : `&before=${before}`
      return (await ask<{ runs: RunStatus[] }>(`/api/runs?limit=${limit}${after}`)).runs
    },
    run: (id) => unlessMissing('no-run', ask<RunStatus>(`/api/runs/${id}`)),
    drift: async (id, after, limit) =>
      (await ask<{ drift: DriftRow[] }>(`/api/runs/${id}/drift?after=${after}&limit=${limit}`)).drift,
    planned: (id, asked) => ask<PlannedPage>(`/api/runs/${id}/planned${queryOf(asked)}`),
    lastPlan: () => unlessMissing('no-plan', ask<RunStatus>('/api/plan')),
    openApply: (source) => ask<RunStatus>('/api/applies', { body: source }),
    approve: (id, records) => ask<{ unknown: Target[] }>(`/api/applies/${id}/approve`, { body: { records } }),
    startApply: (id, unknown) => ask<RunStatus>(`/api/applies/${id}/start`, { body: { unknown } }),
    unapplied: async (id, asked) =>
      (await ask<{ unapplied: Unapplied[] }>(`/api/applies/${id}/unapplied${queryOf(asked)}`)).unapplied,
    retry: async (what) => (await ask<{ retried: Retried }>('/api/retry', { body: what })).retried,
    createOrganization: async ({ key, name, slug, createdBy, publicMetadata, maxAllowedMemberships }) => {
      const body = {
        name,
        slug,
        created_by: createdBy,
        public_metadata: publicMetadata,
        max_allowed_memberships: maxAllowedMemberships,
      }
      const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
      const answer = await ask<{ organization: CreatedOrganization }>('/api/organizations', { body, headers })
      return answer.organization
    },
  }
}
