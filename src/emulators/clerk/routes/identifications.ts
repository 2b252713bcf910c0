import { Hono } from 'hono'
import { readAboutUser } from '../admit.ts'
import { attemptShape, identificationChangeShape, newEmailShape, newPhoneShape, phoneChangeShape } from '../bodies.ts'
import type { Identification, IdentificationKind, UserRecord } from '../entities.ts'
import { notFound } from '../errors.ts'
import { addIdentification, changeIdentification, dropIdentification } from '../identifications.ts'
import type { Instance } from '../instance.ts'
import { deletedJson } from '../present-organizations.ts'
import { identificationJson } from '../present-users.ts'
import { type ClerkEnv, json, pathParam, readBody } from '../request.ts'
import { assertNotScim, getUser, notifyPrimaryChanged, primaryEmail, userChanged } from '../users.ts'
import { attemptVerification, prepareVerification, verificationJson } from '../verifications.ts'

const find = (
  { store }: Instance,
  kind: IdentificationKind,
  id: string,
): { user: UserRecord; identification: Identification } => {
  const found = store.ownerOf(id)
  if (!found || found.identification.kind !== kind) throw notFound(`No ${kind} was found with id ${id}.`)
  return found
}

/** Reading and deleting, which are the same for both kinds. */
const sharedRoutes = (instance: Instance, kind: IdentificationKind): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/:id', (c) => json(identificationJson(find(instance, kind, pathParam(c, 'id')).identification)))
  app.post('/:id/prepare_verification', (c) => {
    const { user, identification } = find(instance, kind, pathParam(c, 'id'))
    return json(verificationJson(prepareVerification(instance, user, identification), kind))
  })
  app.post('/:id/attempt_verification', async (c) => {
    const { user, identification } = find(instance, kind, pathParam(c, 'id'))
    const body = await readBody(c, attemptShape, ['verification_id', 'code'])
    return json(verificationJson(attemptVerification(instance, user, identification, body), kind))
  })
  app.delete('/:id', (c) => {
    const { user, identification } = find(instance, kind, pathParam(c, 'id'))
    assertNotScim(user)
    dropIdentification(instance, user, identification)
    userChanged(instance, user)
    return json(deletedJson(kind, { id: identification.id }))
  })
  return app
}

/** `/v1/email_addresses`. */
export const emailAddressRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = sharedRoutes(instance, 'email_address')
  app.post('/', async (c) => {
    const body = await readAboutUser(c, instance, newEmailShape, ['user_id', 'email_address'])
    const user = getUser(instance, body.user_id)
    assertNotScim(user)
    const before = primaryEmail(user)
    const created = addIdentification(instance, user, 'email_address', {
      value: body.email_address,
      verified: body.verified ?? false,
      primary: body.primary ?? false,
    })
    userChanged(instance, user)
    if (body.notify_primary_email_address_changed) notifyPrimaryChanged(instance, user, before)
    return json(identificationJson(created))
  })
  app.patch('/:id', async (c) => {
    const { user, identification } = find(instance, 'email_address', pathParam(c, 'id'))
    const {
      verified,
      primary,
      notify_primary_email_address_changed: notify,
    } = await readBody(c, identificationChangeShape)
    const before = primaryEmail(user)
    assertNotScim(user)
    changeIdentification(instance, user, identification, {
      ...(typeof verified === 'boolean' && { verified }),
      ...(typeof primary === 'boolean' && { primary }),
    })
    userChanged(instance, user)
    if (notify) notifyPrimaryChanged(instance, user, before)
    return json(identificationJson(identification))
  })
  return app
}

/** `/v1/phone_numbers`. */
export const phoneNumberRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = sharedRoutes(instance, 'phone_number')
  app.post('/', async (c) => {
    const body = await readAboutUser(c, instance, newPhoneShape, ['user_id', 'phone_number'])
    const user = getUser(instance, body.user_id)
    assertNotScim(user)
    const created = addIdentification(instance, user, 'phone_number', {
      value: body.phone_number,
      verified: body.verified ?? false,
      primary: body.primary ?? false,
      reservedForSecondFactor: body.reserved_for_second_factor ?? false,
    })
    userChanged(instance, user)
    return json(identificationJson(created))
  })
  app.patch('/:id', async (c) => {
    const { user, identification } = find(instance, 'phone_number', pathParam(c, 'id'))
    const { verified, primary, reserved_for_second_factor: reserved } = await readBody(c, phoneChangeShape)
    assertNotScim(user)
    changeIdentification(instance, user, identification, {
      ...(typeof verified === 'boolean' && { verified }),
      ...(typeof primary === 'boolean' && { primary }),
      ...(typeof reserved === 'boolean' && { reservedForSecondFactor: reserved }),
    })
    userChanged(instance, user)
    return json(identificationJson(identification))
  })
  return app
}
