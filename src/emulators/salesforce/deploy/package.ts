import { unzipSync } from 'fflate'
import { type Component, type FileProblem, packageComponents } from '../metadata/components.ts'
import { all, checkShape, type Element, Problem, readXml, required, shape, text } from '../metadata/xml.ts'

/** Full names by type, as a manifest lists them; `*` stands for all. */
export type Manifest = ReadonlyMap<string, ReadonlySet<string>>

/** What a zip holds: one package, or one per folder. */
export type Package = {
  /** In front of each file's path: the folder of the package, or nothing. */
  folder: string
  manifest: Manifest
  components: readonly Component[]
  problems: readonly FileProblem[]
  /** To be removed before and after everything else, with the file that says so. */
  removeFirst: readonly { file: string; manifest: Manifest }[]
  removeLast: readonly { file: string; manifest: Manifest }[]
}

// Metadata API Developer Guide, Metadata API Limits.
const mostFiles = 10_000
const largestZip = 39 * 1_048_576
const largestContent = 600 * 1_048_576

const manifestShape = shape(
  'Package',
  'fullName apiAccessLevel description namespacePrefix objectPermissions postInstallClass setupWeblink uninstallClass version',
  'types',
)
const typesShape = shape('PackageTypeMembers', 'name', 'members')

/** @throws Problem for a manifest that cannot be read */
const readManifest = (source: string): Manifest => {
  const root = readXml(source, 'Package')
  checkShape(root, manifestShape)
  const members = (element: Element): [string, ReadonlySet<string>] => {
    checkShape(element, typesShape)
    return [required(element, 'name'), new Set(all(element, 'members').map((member) => member.text))]
  }
  if (text(root, 'version') === undefined) throw new Problem('Required field is missing: version', root)
  const manifest = new Map<string, ReadonlySet<string>>()
  for (const [type, names] of all(root, 'types').map(members))
    manifest.set(type, new Set([...(manifest.get(type) ?? []), ...names]))
  return manifest
}

const manifests = /^(?:package|destructiveChanges(?:Pre|Post)?)\.xml$/

const readPackage = (folder: string, files: ReadonlyMap<string, string>): Package => {
  const removals = (...names: string[]) =>
    names.flatMap((file) => {
      const source = files.get(file)
      return source === undefined ? [] : [{ file: folder + file, manifest: readManifest(source) }]
    })
  const source = files.get('package.xml')
  if (source === undefined) throw new Problem('No package.xml found')
  const content = new Map(
    [...files].flatMap(([file, text]) => (manifests.test(file) ? [] : [[folder + file, text] as const])),
  )
  return {
    folder,
    manifest: readManifest(source),
    ...packageComponents(content),
    removeFirst: removals('destructiveChangesPre.xml', 'destructiveChanges.xml'),
    removeLast: removals('destructiveChangesPost.xml'),
  }
}

const unzip = (zip: Uint8Array): Map<string, string> => {
  if (zip.length > largestZip)
    throw new Problem('Maximum size of request reached. Maximum size of request is 40894464 bytes.')
  let count = 0
  let size = 0
  const decoder = new TextDecoder()
  let entries: Record<string, Uint8Array>
  try {
    entries = unzipSync(zip, {
      filter: ({ name, originalSize }) => {
        if (name.endsWith('/')) return false
        count++
        size += originalSize
        if (count > mostFiles)
          throw new Problem('Maximum number of files in request reached. Maximum number of files in request is 10000.')
        if (size > largestContent)
          throw new Problem('Maximum uncompressed size of request reached. Maximum size of request is 629145600 bytes.')
        return true
      },
    })
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('The zip file cannot be read')
  }
  return new Map(Object.entries(entries).map(([name, bytes]) => [name, decoder.decode(bytes)]))
}

/**
 * The packages of a zip. With `singlePackage` it is one, whose manifest lies at the top; without, each folder at the top
 * is a package of its own.
 * @throws Problem for what is no package
 */
export const readPackages = (zip: Uint8Array, singlePackage: boolean): Package[] => {
  const files = unzip(zip)
  if (singlePackage) {
    // Tools may zip the folder rather than what is in it.
    const [top] = [...files.keys()].filter((file) => /^[^/]+\/package\.xml$/.test(file))
    const folder = files.has('package.xml') || top === undefined ? '' : top.slice(0, -'package.xml'.length)
    return [readPackage(folder, new Map([...files].map(([file, source]) => [file.slice(folder.length), source])))]
  }
  const folders = new Map<string, Map<string, string>>()
  for (const [file, source] of files) {
    const folder = file.slice(0, file.indexOf('/') + 1)
    const inside = folders.get(folder) ?? new Map<string, string>()
    folders.set(folder, inside.set(file.slice(folder.length), source))
  }
  if (folders.size === 0) throw new Problem('No package.xml found')
  return [...folders].map(([folder, inside]) => readPackage(folder, inside))
}
