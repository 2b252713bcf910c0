import type { Identification, IdentificationKind, IdentificationStatus, UserRecord } from './entities.ts'
import { ApiError, formError, identifierTaken, invalidValue, unverified } from './errors.ts'
import type { Instance } from './instance.ts'

const emailPattern = /^[^\s@<>(),;:"[\]]+@[^\s@<>(),;:"[\]]+\.[^\s@<>(),;:"[\]]+$/
const walletPattern = /^0x[0-9a-f]{40}$/i
/** E.164: a plus sign and up to 15 digits. */
const phonePattern = /^\+[1-9]\d{6,14}$/

const isValid: Record<IdentificationKind, (text: string) => boolean> = {
  email_address: (text) => emailPattern.test(text) && text.length <= 254,
  phone_number: (text) => phonePattern.test(text),
  web3_wallet: (text) => walletPattern.test(text),
}
const wanted: Record<IdentificationKind, string> = {
  email_address: 'must be a valid email address.',
  phone_number: 'must be a valid phone number according to E.164 international standard.',
  web3_wallet: 'must be a valid web3 wallet address that starts with 0x and contains 40 hexadecimal characters.',
}

/**
 * The value as Clerk keeps it: e-mail addresses and wallets in lower case.
 * @throws ApiError 422 when it is not an address or a number.
 */
export const normaliseIdentifier = (kind: IdentificationKind, value: string): string => {
  const text = kind === 'phone_number' ? value : value.toLowerCase()
  if (!isValid[kind](text)) throw formError('form_param_format_invalid', kind, 'is invalid', `${kind} ${wanted[kind]}`)
  return text
}

/** @throws ApiError 422 when another user holds this value, verified or reserved. */
export const assertFree = (
  { store }: Instance,
  kind: IdentificationKind,
  value: string,
  except?: Identification,
): void => {
  const held = store
    .holders(kind, value)
    .some((user) =>
      user.identifications.some(
        (other) => other !== except && other.kind === kind && other.value === value && other.status !== 'unverified',
      ),
    )
  if (held) throw identifierTaken(kind)
}

/** A new address or number, checked but not yet given to a user. */
export const newIdentification = (
  instance: Instance,
  kind: IdentificationKind,
  given: string,
  status: IdentificationStatus,
): Identification => {
  const value = normaliseIdentifier(kind, given)
  if (status !== 'unverified') assertFree(instance, kind, value)
  return {
    id: instance.newId('idn'),
    kind,
    value,
    status,
    linked_to: [],
    reserved_for_second_factor: false,
    default_second_factor: false,
    verified_by: 'admin',
    created_at: instance.now(),
    updated_at: instance.now(),
  }
}

const primaryField = (
  kind: IdentificationKind,
): 'primary_email_address_id' | 'primary_phone_number_id' | 'primary_web3_wallet_id' => `primary_${kind}_id`

/** Makes an address, a number or a wallet of the user the primary one. @throws ApiError 422 when it is not verified. */
export const makePrimary = (user: UserRecord, identification: Identification): void => {
  const field = primaryField(identification.kind)
  if (identification.status === 'unverified') throw unverified(field)
  user[primaryField(identification.kind)] = identification.id
}

type AddInput = { value: string; verified: boolean; primary: boolean; reservedForSecondFactor?: boolean }

const ofKind = (user: UserRecord, kind: IdentificationKind): Identification[] =>
  user.identifications.filter((other) => other.kind === kind)

/** Gives a user another address or number; the first one becomes the primary one. */
export const addIdentification = (
  instance: Instance,
  user: UserRecord,
  kind: IdentificationKind,
  input: AddInput,
): Identification => {
  const created = newIdentification(instance, kind, input.value, input.verified ? 'verified' : 'unverified')
  if (ofKind(user, kind).some(({ value }) => value === created.value)) throw identifierTaken(kind)
  if (input.reservedForSecondFactor && !input.verified)
    throw new ApiError(400, 'identification_create_second_factor_unverified', 'Create failed', {
      longMessage: 'Unverified identifications cannot be a second factor',
    })
  const first = ofKind(user, kind).length === 0
  if (input.primary && !input.verified) makePrimary(user, created)
  instance.store.addIdentification(user, created)
  if (input.primary || (first && input.verified)) makePrimary(user, created)
  if (input.reservedForSecondFactor) reserveForSecondFactor(user, created, true)
  return created
}

/** Reserves a number as a second factor, or takes that back. The first one reserved is the default. */
const reserveForSecondFactor = (user: UserRecord, phone: Identification, reserved: boolean): void => {
  const others = ofKind(user, 'phone_number').filter((other) => other !== phone && other.reserved_for_second_factor)
  phone.reserved_for_second_factor = reserved
  phone.default_second_factor = reserved && (phone.default_second_factor || others.length === 0)
  const [heir] = others
  if (heir && !others.some((other) => other.default_second_factor))
    heir.default_second_factor = !phone.default_second_factor
}

/** Marks an address or a number as verified or not, and as primary. */
export const changeIdentification = (
  instance: Instance,
  user: UserRecord,
  identification: Identification,
  input: { verified?: boolean; primary?: boolean; reservedForSecondFactor?: boolean },
): void => {
  const status = input.verified === undefined ? identification.status : input.verified ? 'verified' : 'unverified'
  if (status !== 'unverified') assertFree(instance, identification.kind, identification.value, identification)
  const isPrimary = user[primaryField(identification.kind)] === identification.id
  if (status === 'unverified' && (isPrimary || input.primary))
    throw invalidValue('verified', 'A primary identification must be verified.')
  if (status !== 'verified' && (input.reservedForSecondFactor ?? identification.reserved_for_second_factor))
    throw new ApiError(400, 'identification_update_second_factor_unverified', 'Update failed', {
      longMessage: 'Cannot update second factor attributes for unverified identification',
    })
  identification.status = status
  identification.updated_at = instance.now()
  if (input.reservedForSecondFactor !== undefined)
    reserveForSecondFactor(user, identification, input.reservedForSecondFactor)
  if (input.primary) makePrimary(user, identification)
}

/** Takes an address, a number or a wallet away; another verified one of the same kind becomes the primary one. */
export const dropIdentification = (instance: Instance, user: UserRecord, identification: Identification): void => {
  if (identification.linked_to.length > 0)
    throw new ApiError(400, 'delete_linked_identification_disallowed', 'Linked to a connected account', {
      longMessage: 'This identification is linked to a connected account. Remove the connected account first.',
    })
  if (user.identifications.length === 1 && user.username === null)
    throw new ApiError(400, 'last_required_identification_deletion_failed', 'Deletion failed', {
      longMessage: 'You cannot delete your last identification.',
    })
  if (identification.kind === 'phone_number') reserveForSecondFactor(user, identification, false)
  instance.store.removeIdentification(user, identification)
  instance.store.verifications.delete(identification.id)
  const field = primaryField(identification.kind)
  if (user[field] !== identification.id) return
  const heir = ofKind(user, identification.kind).find(({ status }) => status !== 'unverified')
  user[field] = heir?.id ?? null
}

/** Replaces all addresses, or all numbers, by a single primary one. */
export const replaceIdentifications = (
  instance: Instance,
  user: UserRecord,
  kind: IdentificationKind,
  input: { value: string; status: IdentificationStatus },
): Identification => {
  const current = ofKind(user, kind)
  if (current.some(({ linked_to }) => linked_to.length > 0))
    throw new ApiError(400, 'delete_linked_identification_disallowed', 'Linked to a connected account', {
      longMessage: 'An existing identification is linked to a connected account. Remove the connected account first.',
    })
  const value = normaliseIdentifier(kind, input.value)
  const own = current.find((other) => other.value === value)
  if (input.status !== 'unverified') assertFree(instance, kind, value, own)
  for (const old of current) instance.store.removeIdentification(user, old)
  const created = newIdentification(instance, kind, value, input.status)
  instance.store.addIdentification(user, created)
  user[primaryField(kind)] = created.id
  return created
}
