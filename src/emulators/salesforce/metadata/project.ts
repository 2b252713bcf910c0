import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { applyComponent, type Surroundings } from './apply.ts'
import { type Component, componentTypes, projectComponents } from './components.ts'
import { type Metadata, noMetadata } from './model.ts'
import { Problem, text } from './xml.ts'

/**
 * The components of a Salesforce DX project.
 * @param folder the folder of `sfdx-project.json`
 * @throws Problem for a folder that is no project, or a file that cannot be read
 */
export const readProject = (folder: string): Component[] => {
  const file = join(folder, 'sfdx-project.json')
  if (!existsSync(file)) throw new Problem(`sfdx: ${folder} is no Salesforce DX project, it has no sfdx-project.json`)
  const project = JSON.parse(readFileSync(file, 'utf8')) as {
    packageDirectories: { path: string }[]
  }
  const files = project.packageDirectories.flatMap(({ path }) =>
    readdirSync(join(folder, path), { recursive: true, encoding: 'utf8' }).map((file) => join(path, file)),
  )
  const sources = files
    .sort()
    .filter((file) => file.endsWith('-meta.xml') && statSync(join(folder, file)).isFile())
    .map((file) => [file.replaceAll('\\', '/'), readFileSync(join(folder, file), 'utf8')] as const)
  return projectComponents(new Map(sources))
}

/** In the order in which they build on each other: objects, then plain fields, relationships, permission sets, channels. */
export const inOrder = (components: readonly Component[]): Component[] =>
  [...components].sort((a, b) => componentTypes.indexOf(a.type) - componentTypes.indexOf(b.type))

/**
 * The metadata that a project's components make in an org that has none, as a first deploy would.
 * @throws Problem in the words of a deploy, with the file's name
 */
export const projectMetadata = (
  components: readonly Component[],
  around: Surroundings,
  from: Metadata = noMetadata,
): Metadata =>
  inOrder(components).reduce((metadata, component) => {
    try {
      return applyComponent(metadata, around, component)
    } catch (error) {
      if (error instanceof Problem) throw new Problem(`${component.file}: ${error.message}`)
      throw error
    }
  }, from)

/** The components without everything that is of an object: for an org that does not have it. */
export const withoutObject = (components: readonly Component[], object: string): Component[] =>
  components
    .filter(({ type, fullName }) => type === 'PermissionSet' || fullName.split('.')[0] !== object)
    .filter(({ element }) => text(element, 'selectedEntity') !== `${object}ChangeEvent`)
    .map((component) => ({
      ...component,
      element: {
        ...component.element,
        children: component.element.children.filter(
          (child) => child.tag !== 'fieldPermissions' || !text(child, 'field')?.startsWith(`${object}.`),
        ),
      },
    }))
