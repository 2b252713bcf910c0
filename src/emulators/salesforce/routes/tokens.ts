import type { Org } from '../org.ts'

/** A token that is still good: when it was given, and until when it lives. */
export type LiveToken = { issuedAt: number; until: number }

/** Tokens that were given and are not expired or revoked. */
export type Tokens = {
  /** A new access token; a refresh token it came by revokes it too. */
  issue: (refreshToken?: string) => string
  isLive: (token: string) => boolean
  find: (token: string) => LiveToken | undefined
  expireAll: () => void
  /** A new refresh token, as the web server flow would give one; lives until it is used, where they rotate, or revoked. */
  issueRefresh: () => string
  isRefresh: (token: string) => boolean
  /** Ends a refresh token and gives another; access tokens that came by it live on. */
  rotate: (token: string) => string
  /** Ends an access token, or a refresh token with the access tokens that came by it; false for one that is not live. */
  revoke: (token: string) => boolean
}

/** No token yet. Access tokens begin with the org's id, as Salesforce's do; clients look for it. */
export const createTokens = (org: Org): Tokens => {
  const live = new Map<string, LiveToken>()
  const refresh = new Map<string, Set<string>>()
  const find = (token: string): LiveToken | undefined => {
    const known = live.get(token)
    if (!known || org.clock.now() < known.until) return known
    live.delete(token)
    return undefined
  }
  const issueRefresh = (from?: string): string => {
    const token = `5Aep861${org.random.text(80)}`
    refresh.set(token, new Set(from === undefined ? [] : refresh.get(from)))
    return token
  }
  return {
    issue: (refreshToken) => {
      const token = `${org.orgId.slice(0, 15)}!${org.random.text(96)}`
      const issuedAt = org.clock.now()
      live.set(token, { issuedAt, until: issuedAt + org.settings.tokenLifetimeMs })
      if (refreshToken !== undefined) refresh.get(refreshToken)?.add(token)
      return token
    },
    find,
    isLive: (token) => find(token) !== undefined,
    expireAll: () => live.clear(),
    issueRefresh: () => issueRefresh(),
    rotate: (token) => {
      const next = issueRefresh(token)
      refresh.delete(token)
      return next
    },
    isRefresh: (token) => refresh.has(token),
    revoke: (token) => {
      for (const each of refresh.get(token) ?? []) live.delete(each)
      return refresh.delete(token) || live.delete(token)
    },
  }
}
