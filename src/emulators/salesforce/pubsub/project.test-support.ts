import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const xml = (root: string, inside: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="http://soap.sforce.com/2006/04/metadata">${inside}</${root}>`

const rights = (object: string, viewAll: boolean): string =>
  `<objectPermissions><allowCreate>true</allowCreate><allowDelete>true</allowDelete><allowEdit>true</allowEdit><allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords><object>${object}</object><viewAllRecords>${viewAll}</viewAllRecords></objectPermissions>`

const readable = (field: string): string =>
  `<fieldPermissions><editable>false</editable><field>${field}</field><readable>true</readable></fieldPermissions>`

/** What a project ships of channels, and what it grants. */
export type ProjectOptions = {
  /** Members of the channel `Sync__chn`. */
  members: { entity: string; enriched?: readonly string[]; filter?: string }[]
  /** Fields that the user may read besides those that everybody may. */
  readable?: readonly string[]
  /** Whether the user sees all records. @default true */
  viewAll?: boolean
}

/** A Salesforce DX project in a temporary folder. */
export const writeProject = ({
  members,
  readable: fields = [],
  viewAll = true,
}: ProjectOptions): {
  folder: string
  remove: () => void
} => {
  const folder = mkdtempSync(join(tmpdir(), 'emulated-project-'))
  const write = (path: string, text: string) => {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  write('sfdx-project.json', JSON.stringify({ packageDirectories: [{ path: 'app' }] }))
  write(
    'app/platformEventChannels/Sync__chn.platformEventChannel-meta.xml',
    xml('PlatformEventChannel', '<channelType>data</channelType><label>Sync</label>'),
  )
  for (const { entity, enriched = [], filter } of members) {
    const name = `Sync_chn_${entity}`
    const more = enriched.map((field) => `<enrichedFields><name>${field}</name></enrichedFields>`).join('')
    const when = filter === undefined ? '' : `<filterExpression>${filter.replaceAll('<', '&lt;')}</filterExpression>`
    write(
      `app/platformEventChannelMembers/${name}.platformEventChannelMember-meta.xml`,
      xml(
        'PlatformEventChannelMember',
        `${more}<eventChannel>Sync__chn</eventChannel>${when}<selectedEntity>${entity}</selectedEntity>`,
      ),
    )
  }
  write(
    'app/permissionsets/Sync.permissionset-meta.xml',
    xml(
      'PermissionSet',
      `${fields.map(readable).join('')}<label>Sync</label>${rights('Account', viewAll)}${rights('Contact', viewAll)}`,
    ),
  )
  return { folder, remove: () => rmSync(folder, { recursive: true }) }
}
