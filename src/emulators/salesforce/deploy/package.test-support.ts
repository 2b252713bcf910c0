import { strToU8, zipSync } from 'fflate'
import type { TestClient } from '../client.test-support.ts'

const head = '<?xml version="1.0" encoding="UTF-8"?>\n'
const namespace = 'xmlns="http://soap.sforce.com/2006/04/metadata"'

/** The XML of a metadata file. */
export const xml = (type: string, content: string): string => `${head}<${type} ${namespace}>\n${content}\n</${type}>\n`

/** A manifest of full names by type. */
export const manifest = (types: { readonly [type: string]: readonly string[] }): string =>
  xml(
    'Package',
    `${Object.entries(types)
      .map(
        ([type, names]) =>
          `<types>${names.map((name) => `<members>${name}</members>`).join('')}<name>${type}</name></types>`,
      )
      .join('')}<version>66.0</version>`,
  )

/** A custom field as it stands in an object's file. */
export const field = (name: string, type: string, more = ''): string =>
  `    <fields>\n        <fullName>${name}</fullName><label>${name.replace('__c', '')}</label><type>${type}</type>${more}\n    </fields>`

/** A permission set that gives all rights on an object, and on its fields. */
export const grant = (name: string, object: string, fields: readonly string[], objectRights = true): string =>
  xml(
    'PermissionSet',
    `<label>${name}</label>${fields
      .map(
        (each) =>
          `<fieldPermissions><editable>true</editable><field>${object}.${each}</field><readable>true</readable></fieldPermissions>`,
      )
      .join('')}${
      objectRights
        ? `<objectPermissions><allowCreate>true</allowCreate><allowDelete>true</allowDelete><allowEdit>true</allowEdit><allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords><object>${object}</object><viewAllRecords>false</viewAllRecords></objectPermissions>`
        : ''
    }`,
  )

export type DeployMessage = {
  componentType: string
  fullName: string
  fileName: string
  problem: string | null
  problemType: string | null
  lineNumber: number | null
  columnNumber: number | null
  created: boolean
  changed: boolean
  deleted: boolean
  success: boolean
}
export type DeployResult = {
  id: string
  status: string
  done: boolean
  success: boolean
  numberComponentsTotal: number
  numberComponentsDeployed: number
  numberComponentErrors: number
  details: { componentFailures: DeployMessage[]; componentSuccesses: DeployMessage[] }
}
export type Files = { readonly [path: string]: string }

/** Asks for a deploy, and gives the reply. */
export const startDeploy = async (
  salesforce: TestClient,
  files: Files,
  options: object = {},
): Promise<{ status: number; id: string; deployResult: DeployResult }> => {
  const zip = zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])))
  const form = new FormData()
  const deployOptions = { singlePackage: true, rollbackOnError: true, ...options }
  form.append('json', new Blob([JSON.stringify({ deployOptions })], { type: 'application/json' }))
  form.append('file', new Blob([zip], { type: 'application/zip' }), 'package.zip')
  const reply = await salesforce.app.request('/services/data/v66.0/metadata/deployRequest', {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${await salesforce.token()}` },
  })
  return { status: reply.status, ...((await reply.json()) as { id: string; deployResult: DeployResult }) }
}

/** How a deploy stands. */
export const checkDeploy = async (salesforce: TestClient, id: string): Promise<DeployResult> => {
  const { body } = await salesforce.call('GET', `/metadata/deployRequest/${id}?includeDetails=true`)
  return (body as unknown as { deployResult: DeployResult }).deployResult
}

/** Deploys and waits for the end. */
export const deploy = async (salesforce: TestClient, files: Files, options: object = {}): Promise<DeployResult> => {
  const { id } = await startDeploy(salesforce, files, options)
  for (;;) {
    const result = await checkDeploy(salesforce, id)
    if (result.done) return result
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What went wrong, as a list of texts. */
export const problems = (result: DeployResult): (string | null)[] =>
  result.details.componentFailures.map(({ problem }) => problem)
