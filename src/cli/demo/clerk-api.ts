/** Clerk's Backend API as the application of the story would use it, in plain HTTP: nothing here is shared with clerkforce's own client. */

export type ClerkUser = {
  id: string
  first_name: string | null
  last_name: string | null
  username: string | null
  email_addresses: { id: string; email_address: string }[]
  primary_email_address_id: string | null
  phone_numbers: { id: string; phone_number: string }[]
  primary_phone_number_id: string | null
  banned: boolean
  locked: boolean
  deprovisioned?: boolean
  last_sign_in_at: number | null
  public_metadata: Record<string, unknown>
}
export type ClerkOrganization = {
  id: string
  name: string
  slug: string | null
  public_metadata: Record<string, unknown>
}
export type ClerkInvitation = {
  id: string
  email_address: string
  organization_id: string
  role: string
  status: string
}
export type ClerkMembership = {
  id: string
  role: string
  organization: { id: string }
  public_user_data: { user_id: string }
  created_at: number
}

export type ClerkApi = {
  post: <T>(path: string, body?: object) => Promise<T>
  patch: <T>(path: string, body: object) => Promise<T>
  delete: <T>(path: string) => Promise<T>
  get: <T>(path: string) => Promise<T>
  /** All pages of a list. */
  list: <T>(path: string) => Promise<T[]>
  /** What people do themselves, without the Backend API; only the emulator can make it happen. */
  signIn: (userId: string) => Promise<void>
  /** Whoever was invited follows the link; returns the id of the user. */
  accept: (invitationId: string) => Promise<string>
}

const pageSize = 100

export const createClerkApi = ({ url, secretKey }: { url: string; secretKey: string }): ClerkApi => {
  const send = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${secretKey}`,
        'clerk-api-version': '2026-05-12',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Clerk answered ${response.status} to ${method} ${path}: ${text}`)
    return JSON.parse(text) as T
  }
  return {
    post: (path, body) => send('POST', `/v1${path}`, body),
    patch: (path, body) => send('PATCH', `/v1${path}`, body),
    delete: (path) => send('DELETE', `/v1${path}`),
    get: (path) => send('GET', `/v1${path}`),
    list: async <T>(path: string) => {
      const all: T[] = []
      for (;;) {
        // Users come as a bare list, everything else in an envelope.
        const answer = await send<T[] | { data: T[] }>(
          'GET',
          `/v1${path}?limit=${pageSize}&offset=${all.length}&order_by=%2Bcreated_at`,
        )
        const page = Array.isArray(answer) ? answer : answer.data
        all.push(...page)
        if (page.length < pageSize) return all
      }
    },
    signIn: async (userId) => {
      await send('POST', '/_emulator/sign-in', { user_id: userId })
    },
    accept: async (invitationId) => {
      const path = `/_emulator/invitations/${invitationId}/accept`
      return (await send<{ user: ClerkUser }>('POST', path)).user.id
    },
  }
}
