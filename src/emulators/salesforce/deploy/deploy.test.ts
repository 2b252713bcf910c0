import { beforeEach, expect, test } from 'vitest'
import { manualClock } from '../../kit/clock.ts'
import { openSalesforce, type TestClient } from '../client.test-support.ts'
import { checkDeploy, deploy, field, grant, manifest, problems, startDeploy, xml } from './package.test-support.ts'

let salesforce: TestClient
beforeEach(() => {
  salesforce = openSalesforce()
})

const level = {
  'package.xml': manifest({ CustomField: ['Contact.Level__c'], PermissionSet: ['Levels'] }),
  'objects/Contact.object': xml('CustomObject', field('Level__c', 'Text', '<length>20</length>')),
  'permissionsets/Levels.permissionset': grant('Levels', 'Contact', ['Level__c'], false),
}
const assign = async (name: string) => {
  const [set] = await salesforce.query(`SELECT Id FROM PermissionSet WHERE Name = '${name}'`)
  return salesforce.call('POST', '/sobjects/PermissionSetAssignment', {
    AssigneeId: salesforce.userId,
    PermissionSetId: set?.['Id'],
  })
}

test('a deploy is pending, in progress, and done, as time goes by', async () => {
  const clock = manualClock()
  salesforce = openSalesforce({ clock, deployMs: 2_000 })
  const { status, id, deployResult } = await startDeploy(salesforce, level)
  expect({ status, result: deployResult }).toMatchObject({ status: 201, result: { status: 'Pending', done: false } })
  await clock.advance(1_000)
  expect(await checkDeploy(salesforce, id)).toMatchObject({ status: 'InProgress', done: false })
  await clock.advance(1_000)
  expect(await checkDeploy(salesforce, id)).toMatchObject({
    status: 'Succeeded',
    done: true,
    success: true,
    numberComponentsTotal: 2,
    numberComponentsDeployed: 2,
    numberComponentErrors: 0,
  })
})

test('a deployed field is there at once, and closed until a permission set that grants it is assigned', async () => {
  const { details } = await deploy(salesforce, level)
  expect(details.componentSuccesses.map((each) => [each.componentType, each.fullName, each.created])).toEqual([
    ['', 'package.xml', false],
    ['CustomField', 'Contact.Level__c', true],
    ['PermissionSet', 'Levels', true],
  ])
  await expect(salesforce.query('SELECT Level__c FROM Contact')).rejects.toThrow('No such column')
  const id = salesforce.person.create('Contact', { LastName: 'X', Level__c: 'gold' })
  expect((await assign('Levels')).status).toBe(201)
  expect(await assign('Levels')).toMatchObject({ status: 400, body: [{ errorCode: 'DUPLICATE_VALUE' }] })
  expect(await salesforce.query('SELECT Level__c FROM Contact')).toEqual([{ Level__c: 'gold' }])
  expect((await salesforce.call('PATCH', `/sobjects/Contact/${id}`, { Level__c: 'silver' })).status).toBe(204)
  const [assignment] = await salesforce.query(
    "SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Levels'",
  )
  await salesforce.call('DELETE', `/sobjects/PermissionSetAssignment/${String(assignment?.['Id'])}`)
  await expect(salesforce.query('SELECT Level__c FROM Contact')).rejects.toThrow('No such column')
})

test('with assignDeployed a deployed permission set is assigned at once', async () => {
  salesforce = openSalesforce({ assignDeployed: true })
  await deploy(salesforce, level)
  expect(await salesforce.query('SELECT Level__c FROM Contact')).toEqual([])
})

test('a check changes nothing, and can be deployed quickly afterwards', async () => {
  const checked = await deploy(salesforce, level, { checkOnly: true })
  expect(checked).toMatchObject({ status: 'Succeeded', checkOnly: true })
  expect(() => salesforce.person.create('Contact', { LastName: 'X', Level__c: 'gold' })).toThrow('No such column')
  const { status, body } = await salesforce.call('POST', '/metadata/deployRequest', {
    validatedDeployRequestId: checked.id,
  })
  expect({ status, body }).toMatchObject({ status: 201, body: { validatedDeployRequestId: checked.id } })
  const { id } = body as { id: string }
  await expect.poll(() => checkDeploy(salesforce, id)).toMatchObject({ status: 'Succeeded', checkOnly: false })
  expect(salesforce.person.create('Contact', { LastName: 'X', Level__c: 'gold' })).toMatch(/^003/)
})

test('what fails takes all back with rollbackOnError, and only itself without', async () => {
  const files = {
    'package.xml': manifest({ CustomField: ['Contact.Good__c', 'Contact.Bad__c'] }),
    'objects/Contact.object': xml('CustomObject', `${field('Good__c', 'Date')}\n${field('Bad__c', 'Text')}`),
  }
  const failed = await deploy(salesforce, files)
  expect(failed).toMatchObject({ status: 'Failed', success: false, numberComponentErrors: 1, numberComponentsTotal: 2 })
  expect(failed.details.componentFailures).toMatchObject([
    {
      componentType: 'CustomField',
      fullName: 'Contact.Bad__c',
      fileName: 'objects/Contact.object',
      problemType: 'Error',
      problem: "Must specify 'length' for a CustomField of type Text",
      lineNumber: 6,
      columnNumber: 13,
    },
  ])
  expect(() => salesforce.person.create('Contact', { LastName: 'X', Good__c: '2026-01-05' })).toThrow('No such column')
  expect(await deploy(salesforce, files, { rollbackOnError: false })).toMatchObject({ status: 'SucceededPartial' })
  expect(salesforce.person.create('Contact', { LastName: 'X', Good__c: '2026-01-05' })).toMatch(/^003/)
})

test('a pending deploy is cancelled at once, a running one when it looks up, a finished one not at all', async () => {
  const clock = manualClock()
  salesforce = openSalesforce({ clock, deployMs: 2_000 })
  const cancel = (id: string) =>
    salesforce.call('PATCH', `/metadata/deployRequest/${id}`, { deployResult: { status: 'Canceling' } })
  const first = await startDeploy(salesforce, level)
  expect(await cancel(first.id)).toMatchObject({ status: 202, body: { deployResult: { status: 'Canceled' } } })
  const second = await startDeploy(salesforce, level)
  await clock.advance(1_000)
  expect(await cancel(second.id)).toMatchObject({ status: 202, body: { deployResult: { status: 'Canceling' } } })
  await clock.advance(1_000)
  expect(await checkDeploy(salesforce, second.id)).toMatchObject({ status: 'Canceled', done: true, success: false })
  expect((await cancel(second.id)).status).toBe(400)
})

test('a field that is removed takes its data and its permissions along', async () => {
  await deploy(salesforce, level)
  await assign('Levels')
  salesforce.person.create('Contact', { LastName: 'X', Level__c: 'gold' })
  const removal = {
    'package.xml': manifest({}),
    'destructiveChanges.xml': manifest({ CustomField: ['Contact.Level__c'] }),
  }
  const removed = await deploy(salesforce, removal)
  expect(removed).toMatchObject({ status: 'Succeeded', details: { componentSuccesses: [{}, { deleted: true }] } })
  await expect(salesforce.query('SELECT Level__c FROM Contact')).rejects.toThrow('No such column')
  await deploy(salesforce, {
    ...level,
    'permissionsets/Levels.permissionset': grant('Levels', 'Contact', ['Level__c'], false),
  })
  expect(await salesforce.query('SELECT Level__c FROM Contact')).toEqual([{ Level__c: null }])
  const again = await deploy(salesforce, {
    ...removal,
    'destructiveChanges.xml': manifest({ CustomField: ['Contact.No__c'] }),
  })
  expect(again.details.componentFailures).toMatchObject([
    { problemType: 'Warning', problem: 'No CustomField named: Contact.No__c found' },
  ])
  expect(
    await deploy(
      salesforce,
      { ...removal, 'destructiveChanges.xml': manifest({ CustomField: ['Contact.No__c'] }) },
      { ignoreWarnings: true },
    ),
  ).toMatchObject({ status: 'Succeeded' })
})

test('a second deploy of the same changes nothing', async () => {
  await deploy(salesforce, level)
  const { details } = await deploy(salesforce, level)
  expect(details.componentSuccesses.slice(1).map((each) => [each.created, each.changed])).toEqual([
    [false, false],
    [false, false],
  ])
})

test.each([
  [
    'a type that nobody knows',
    { ...level, 'package.xml': manifest({ CustomFild: ['X'] }) },
    "Unknown type name 'CustomFild' specified in package.xml",
  ],
  [
    'a member that is not in the zip',
    {
      ...level,
      'package.xml': manifest({ CustomField: ['Contact.Level__c', 'Contact.Gone__c'], PermissionSet: ['Levels'] }),
    },
    "An object 'Contact.Gone__c' of type CustomField was named in package.xml, but was not found in zipped directory",
  ],
  [
    'a field that is not named',
    { ...level, 'package.xml': manifest({ PermissionSet: ['Levels'] }) },
    'Not in package.xml',
  ],
  ['no manifest', { 'objects/Contact.object': level['objects/Contact.object'] }, 'No package.xml found'],
  [
    'XML that does not close',
    { ...level, 'permissionsets/Levels.permissionset': '<PermissionSet>' },
    /^Error parsing file: /,
  ],
  [
    'an element that has no place',
    { ...level, 'permissionsets/Levels.permissionset': xml('PermissionSet', '<label>L</label><colour>red</colour>') },
    'Error parsing file: Element {http://soap.sforce.com/2006/04/metadata}colour invalid at this location in type PermissionSet',
  ],
])('a package with %s fails', async (_, files, problem) => {
  const result = await deploy(salesforce, files)
  expect(result.status).toBe('Failed')
  expect(problems(result)).toContainEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem))
})

test('who has not the right to modify metadata deploys nothing', async () => {
  salesforce = openSalesforce({ userPermissions: [] })
  expect(await startDeploy(salesforce, level)).toMatchObject({ status: 403 })
  await expect(salesforce.query('SELECT Id FROM PermissionSet')).rejects.toThrow('not supported')
})

test('what was deployed is in a snapshot, and gone after a reset', async () => {
  await deploy(salesforce, level)
  await assign('Levels')
  await salesforce.call('POST', '/sobjects/Contact', { LastName: 'X', Level__c: 'gold' })
  const other = openSalesforce()
  other.restore(structuredClone(salesforce.snapshot()))
  expect(await other.query('SELECT Level__c FROM Contact')).toEqual([{ Level__c: 'gold' }])
  other.reset()
  await expect(other.query('SELECT Level__c FROM Contact')).rejects.toThrow('No such column')
  expect(await other.query('SELECT Clerk_User_Id__c FROM Contact')).toEqual([])
})

test('packages of several folders are deployed together unless one package is asked for', async () => {
  const inFolder = Object.fromEntries(Object.entries(level).map(([path, source]) => [`unpackaged/${path}`, source]))
  expect(await deploy(salesforce, inFolder, { singlePackage: false, checkOnly: true })).toMatchObject({
    status: 'Succeeded',
  })
  expect(await deploy(salesforce, level, { singlePackage: false })).toMatchObject({ status: 'Failed' })
})

test('a request that is none is refused', async () => {
  const { body } = await salesforce.call('POST', '/metadata/deployRequest', { validatedDeployRequestId: 'none' })
  expect(body).toMatchObject([{ errorCode: 'INVALID_ID_FIELD' }])
  expect(await startDeploy(salesforce, level, { chekOnly: true })).toMatchObject({ status: 400 })
  expect((await salesforce.call('GET', '/metadata/deployRequest/0AfKj0000000009KAA')).status).toBe(404)
  const text = await salesforce.call('POST', '/metadata/deployRequest', 'x', { 'content-type': 'text/plain' })
  expect(text.status).toBe(415)
})
