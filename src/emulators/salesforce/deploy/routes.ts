/**
 * Deploys of metadata over REST, as the sf CLI makes them with `SF_ORG_METADATA_REST_DEPLOY=true` and jsforce with
 * `deployRest`.
 *
 *   POST ── requests.ts (Pending, InProgress, done) ── package.ts (zip, manifests) ── run.ts (component by component)
 *                                                                                          │
 *   GET ─── result.ts (what the reply says of it)                              metadata/ (what a component may say)
 *
 * A deploy works on the whole metadata at once: it builds the next one, and that takes the present one's place in one go,
 * or not at all. A check (`checkOnly`) ends before that. SOAP, retrieve and Apex tests are not here.
 *
 * Sources: Metadata API Developer Guide, the pages under "REST deploy" (request, status, cancel, recent validation), and
 * DeployResult; texts of problems as deploy logs have them.
 */
import type { Call, Params, RawBody, Reply, Route, Work } from '../api.ts'
import { readMultipart } from '../bulk/multipart.ts'
import { notFound, RequestFailure, refused } from '../errors.ts'
import { may } from '../org-schema.ts'
import type { DeployOptions, DeployRequest } from './requests.ts'
import { showResult } from './result.ts'

type Json = { readonly [key: string]: unknown }
const isObject = (json: unknown): json is Json => typeof json === 'object' && json !== null && !Array.isArray(json)

const optionNames: ReadonlySet<string> = new Set(
  `allowMissingFiles autoUpdatePackage checkOnly ignoreWarnings performRetrieve purgeOnDelete rollbackOnError runAllTests
   runTests singlePackage testLevel`.split(/\s+/),
)
const testLevels: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  'NoTestRun',
  'RunSpecifiedTests',
  'RunRelevantTests',
  'RunLocalTests',
  'RunAllTestsInOrg',
])

const malformed = (message: string): RequestFailure => refused('JSON_PARSER_ERROR', message)

const readOptions = (json: Json): DeployOptions => {
  const given = json['deployOptions'] ?? {}
  if (!isObject(given)) throw malformed('deployOptions is not an object')
  const strange = Object.keys(given).find((name) => !optionNames.has(name))
  if (strange !== undefined) throw malformed(`Unrecognized field "${strange}" (Class DeployOptions)`)
  if (!testLevels.has(given['testLevel']))
    throw malformed(`'${String(given['testLevel'])}' is not a valid value for testLevel`)
  const flag = (name: string): boolean => {
    const value = given[name] ?? false
    if (typeof value !== 'boolean') throw malformed(`Cannot deserialize instance of boolean for ${name}`)
    return value
  }
  return {
    allowMissingFiles: flag('allowMissingFiles'),
    checkOnly: flag('checkOnly'),
    ignoreWarnings: flag('ignoreWarnings'),
    rollbackOnError: flag('rollbackOnError'),
    singlePackage: flag('singlePackage'),
  }
}

const parse = (bytes: Uint8Array): Json => {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (isObject(json)) return json
  } catch {
    // Told below, like JSON that is no object.
  }
  throw malformed('Unexpected character in the request body at [line:1, column:1]')
}

// The right that the guide asks of whoever deploys.
const checkRight = ({ org }: Call): void => {
  const access = org.metadata.access()
  if (!may(access, 'ModifyMetadata') && !may(access, 'ModifyAllData')) {
    throw new RequestFailure(
      403,
      'INSUFFICIENT_ACCESS',
      'use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions',
    )
  }
}

const reply = (call: Call, request: DeployRequest, status: number, withDetails = false): Reply => {
  const user = call.org.store.get('User', request.userId)
  return {
    status,
    body: {
      id: request.id,
      url: `${call.origin}/services/data/v${call.version}/metadata/deployRequest/${request.id}${withDetails ? '?includeDetails=true' : ''}`,
      deployOptions: null,
      deployResult: showResult(request, String(user?.['Name']), withDetails),
      validatedDeployRequestId: null,
    },
  }
}

/** How long a validation can be deployed without being checked again. */
const quickDeployMs = 10 * 86_400_000

const quickDeploy = (call: Call, json: Json): Reply => {
  const id = String(json['validatedDeployRequestId'] ?? '')
  const requests = call.org.deploys
  const validated = requests.find(id)
  const recent = validated && call.org.clock.now() - validated.changedAt <= quickDeployMs
  if (!validated?.options.checkOnly || validated.status !== 'Succeeded' || !recent)
    throw refused('INVALID_ID_FIELD', `${id} is not the id of a validation that succeeded in the last 10 days`)
  const request = requests.add({ ...validated.options, checkOnly: false }, Buffer.from(validated.zip, 'base64'))
  const made = reply(call, request, 201)
  return { ...made, body: { ...(made.body as Json), validatedDeployRequestId: id } }
}

const create = (call: Call): Work => ({
  run: () => {
    checkRight(call)
    const { type, bytes } = call.body as RawBody
    if (/^application\/json\b/i.test(type)) return quickDeploy(call, parse(bytes))
    if (!/^multipart\/form-data\b/i.test(type))
      throw new RequestFailure(415, 'UNSUPPORTED_MEDIA_TYPE', `Content type ${type || '(none)'} is not supported`)
    const parts = readMultipart(type, bytes)
    // The guide names the part `json`; jsforce calls it `entity_content`, as other multipart calls do.
    const json = parts?.get('json') ?? parts?.get('entity_content')
    const file = parts?.get('file')
    if (!json || !file) throw refused('INVALID_MULTIPART_REQUEST', 'The parts json and file are required')
    const options = readOptions(parse(json.content))
    const made = reply(call, call.org.deploys.add(options, file.content), 201)
    return { ...made, body: { ...(made.body as Json), deployOptions: options } }
  },
})

const requestNamed = (call: Call, params: Params): DeployRequest => {
  const request = call.org.deploys.find(params['id'] ?? '')
  if (!request) throw notFound()
  return request
}

const status = (call: Call, params: Params): Work => ({
  run: () => {
    checkRight(call)
    return reply(call, requestNamed(call, params), 200, call.query.get('includeDetails') === 'true')
  },
})

const cancel = (call: Call, params: Params): Work => ({
  run: () => {
    checkRight(call)
    const request = requestNamed(call, params)
    const wanted =
      isObject(call.body) && isObject(call.body['deployResult']) ? call.body['deployResult']['status'] : undefined
    if (wanted !== 'Canceling') throw malformed('only {"deployResult": {"status": "Canceling"}} can be asked for')
    if (request.done) throw refused('INVALID_OPERATION', 'The deployment is done and cannot be canceled')
    call.org.deploys.cancel(request)
    return reply(call, request, 202)
  },
})

export const deployRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/metadata/deployRequest', kind: 'deploy', body: 'raw', prepare: create },
  { method: 'GET', pattern: '/metadata/deployRequest/:id', kind: 'deploy', prepare: status },
  { method: 'PATCH', pattern: '/metadata/deployRequest/:id', kind: 'deploy', prepare: cancel },
]
