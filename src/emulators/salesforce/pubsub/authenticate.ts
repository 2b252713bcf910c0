import type { Metadata } from '@grpc/grpc-js'
import { toId18 } from '../ids.ts'
import type { Org } from '../org.ts'
import { authFailure, PubSubFailure } from './failures.ts'

const loginHosts = /^(?:login|test)\.salesforce\.com$/

const header = (metadata: Metadata, name: string): string => {
  const value = metadata.get(name)[0]
  if (typeof value !== 'string' || value.trim() === '')
    throw new PubSubFailure('service.auth.headers.invalid', `The ${name} header is missing or blank.`)
  return value
}

/**
 * Looks at the three headers that every call carries; gives the token, which a stream checks again later. The address must
 * be that of an instance, not of the login host; which one cannot be told here, for the emulator is reached by many names.
 * @throws PubSubFailure
 */
export const authenticate = (org: Org, isLive: (token: string) => boolean, metadata: Metadata): string => {
  const token = header(metadata, 'accesstoken')
  const instance = header(metadata, 'instanceurl')
  const tenant = header(metadata, 'tenantid')
  const url = URL.canParse(instance) ? new URL(instance) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || loginHosts.test(url.hostname))
    throw new PubSubFailure('service.auth.headers.invalid', 'The instanceurl header is not the URL of an instance.')
  if (toId18(tenant) !== org.orgId || !isLive(token)) throw authFailure()
  return token
}
