import { Hono } from 'hono'
import { assertNoMetadata, readAboutUser } from '../admit.ts'
import {
  createUserShape,
  replaceEmailShape,
  replacePhoneShape,
  updateUserShape,
  userIdsShape,
  userMetadataShape,
} from '../bodies.ts'
import { createUser } from '../create-user.ts'
import { replaceIdentifications } from '../identifications.ts'
import type { Instance } from '../instance.ts'
import { expireInvitations } from '../invitations.ts'
import { listInvitations, listMembershipsOfUser } from '../list-organizations.ts'
import { countUsers, listUsers } from '../list-users.ts'
import { invitationOfOrganizationJson, membershipJson } from '../present-organizations.ts'
import { identificationJson, userJson } from '../present-users.ts'
import { type ClerkContext, type ClerkEnv, json, pathParam, readBody } from '../request.ts'
import { updateUser } from '../update-user.ts'
import {
  assertNotScim,
  changeUserMetadata,
  deleteUser,
  getUser,
  notifyPrimaryChanged,
  primaryEmail,
  setUserFlag,
  userChanged,
} from '../users.ts'

/** Ban and lock, one by one and, for bans, in bulk. */
const flagRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  const single = [
    ['ban', 'banned', true],
    ['unban', 'banned', false],
    ['lock', 'locked', true],
    ['unlock', 'locked', false],
  ] as const
  for (const [verb, field, value] of single)
    app.post(`/:user_id/${verb}`, (c) => {
      const user = getUser(instance, pathParam(c, 'user_id'))
      setUserFlag(instance, user, field, value)
      return json(userJson(user))
    })
  for (const [verb, value] of [
    ['ban', true],
    ['unban', false],
  ] as const)
    app.post(`/${verb}`, async (c) => {
      const { user_ids } = await readBody(c, userIdsShape, ['user_ids'])
      const users = user_ids.map((id) => getUser(instance, id))
      for (const user of users) setUserFlag(instance, user, 'banned', value)
      return json(users.map(userJson))
    })
  return app
}

const changeMetadata = async (instance: Instance, c: ClerkContext, mode: 'merge' | 'replace'): Promise<Response> => {
  const user = getUser(instance, pathParam(c, 'user_id'))
  changeUserMetadata(instance, user, await readBody(c, userMetadataShape), mode)
  return json(userJson(user))
}

/** What belongs to a user: replaced identifiers, memberships, invitations. */
const belongings = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.put('/:user_id/email_address', async (c) => {
    const user = getUser(instance, pathParam(c, 'user_id'))
    const body = await readAboutUser(c, instance, replaceEmailShape, ['email_address'])
    assertNotScim(user)
    const status = body.identification_status ?? 'verified'
    const before = primaryEmail(user)
    const created = replaceIdentifications(instance, user, 'email_address', { value: body.email_address, status })
    userChanged(instance, user)
    if (body.notify_primary_email_address_changed) notifyPrimaryChanged(instance, user, before)
    return json(identificationJson(created))
  })
  app.put('/:user_id/phone_number', async (c) => {
    const user = getUser(instance, pathParam(c, 'user_id'))
    const body = await readAboutUser(c, instance, replacePhoneShape, ['phone_number'])
    assertNotScim(user)
    const status = body.identification_status ?? 'verified'
    const created = replaceIdentifications(instance, user, 'phone_number', { value: body.phone_number, status })
    userChanged(instance, user)
    return json(identificationJson(created))
  })
  app.get('/:user_id/organization_memberships', (c) => {
    const { id } = getUser(instance, pathParam(c, 'user_id'))
    const { page, total } = listMembershipsOfUser(instance, id, c)
    return json({ data: page.map((membership) => membershipJson(instance, membership)), total_count: total })
  })
  app.get('/:user_id/organization_invitations', (c) => {
    const user = getUser(instance, pathParam(c, 'user_id'))
    const addresses = new Set(user.identifications.map(({ value }) => value))
    const { store } = instance
    const own = store.invitations.byCreation().filter(({ email_address }) => addresses.has(email_address))
    expireInvitations(instance, own)
    const { page, total } = listInvitations(own, c)
    const data = page.map((invitation) => invitationOfOrganizationJson(instance, invitation))
    return json({ data, total_count: total })
  })
  return app
}

/** `/v1/users`. */
export const userRoutes = (instance: Instance): Hono<ClerkEnv> => {
  const app = new Hono<ClerkEnv>()
  app.get('/', (c) => json(listUsers(instance, c).map(userJson)))
  app.get('/count', (c) => json({ object: 'total_count', total_count: countUsers(instance, c) }))
  app.post('/', async (c) => json(userJson(createUser(instance, await readAboutUser(c, instance, createUserShape)))))
  app.route('/', flagRoutes(instance))
  app.get('/:user_id', (c) => json(userJson(getUser(instance, pathParam(c, 'user_id')))))
  app.patch('/:user_id', async (c) => {
    const user = getUser(instance, pathParam(c, 'user_id'))
    const body = await readAboutUser(c, instance, updateUserShape)
    assertNoMetadata(c.var.apiVersion, body)
    updateUser(instance, user, body)
    return json(userJson(user))
  })
  app.delete('/:user_id', (c) => {
    const user = getUser(instance, pathParam(c, 'user_id'))
    assertNotScim(user)
    return json(deleteUser(instance, user))
  })
  app.patch('/:user_id/metadata', (c) => changeMetadata(instance, c, 'merge'))
  app.put('/:user_id/metadata', (c) => changeMetadata(instance, c, 'replace'))
  app.route('/', belongings(instance))
  return app
}
