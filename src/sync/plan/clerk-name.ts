import type { Body } from '../../model/model.ts'
import { primaryEmail } from './mapping.ts'

/** The parts that are texts and not blank, side by side. */
export const joined = (...parts: readonly unknown[]): string =>
  parts.flatMap((part) => (typeof part === 'string' && part.trim() !== '' ? [part.trim()] : [])).join(' ')

/** What people know a user or an organization of Clerk's by. Personal data: for whoever asked alone. */
export const clerkName = (entity: 'organization' | 'person', body: Body): string =>
  entity === 'organization'
    ? joined(body['name'])
    : [joined(body['first_name'], body['last_name']), primaryEmail(body) ?? ''].filter((one) => one !== '').join(', ')
