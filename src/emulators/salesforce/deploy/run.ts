import { applyComponent, type Surroundings } from '../metadata/apply.ts'
import { type Component, componentTypes, otherTypes } from '../metadata/components.ts'
import type { Metadata } from '../metadata/model.ts'
import { inOrder } from '../metadata/project.ts'
import { removeComponent } from '../metadata/remove.ts'
import { Problem } from '../metadata/xml.ts'
import type { Manifest, Package } from './package.ts'

/** What became of one component. */
export type Outcome = {
  type: string
  fullName: string
  file: string
  did: 'created' | 'changed' | 'deleted' | 'nothing'
  problem?: { kind: 'Error' | 'Warning'; text: string; line: number | undefined; column: number | undefined }
}

export type Run = {
  metadata: Metadata
  outcomes: readonly Outcome[]
  /** Components that the packages hold, without the manifests. */
  total: number
}

const failed = (at: Pick<Outcome, 'type' | 'fullName' | 'file'>, error: unknown): Outcome => {
  if (!(error instanceof Problem)) throw error
  const { message, line, column } = error
  return { ...at, did: 'nothing', problem: { kind: 'Error', text: message, line, column } }
}

// A custom object that is named covers all that its file holds; a standard one covers its custom fields as well.
const isNamed = (manifest: Manifest, { type, fullName }: Pick<Component, 'type' | 'fullName'>): boolean => {
  const names = manifest.get(type)
  if (names?.has(fullName)) return true
  if (type === 'CustomObject') return names?.has('*') === true && fullName.endsWith('__c')
  if (names?.has('*')) return true
  return type === 'CustomField' && isNamed(manifest, { type: 'CustomObject', fullName: fullName.split('.')[0] ?? '' })
}

/** What the manifest names and the zip does not hold, or nobody knows. */
const missing = ({ manifest, components, problems, folder }: Package, allowMissing: boolean): Outcome[] => {
  const there = new Set([...components, ...problems].map(({ type, fullName }) => `${type} ${fullName}`))
  return [...manifest].flatMap(([type, names]) => {
    const at = { type: '', file: `${folder}package.xml` }
    if (!componentTypes.includes(type)) {
      const text = otherTypes.has(type)
        ? `${type}: not supported by the emulator`
        : `Unknown type name '${type}' specified in package.xml`
      return [failed({ ...at, fullName: 'package.xml' }, new Problem(text))]
    }
    return [...names]
      .filter((name) => name !== '*' && !allowMissing && !there.has(`${type} ${name}`))
      .map((name) =>
        failed(
          { ...at, fullName: name },
          new Problem(
            `An object '${name}' of type ${type} was named in package.xml, but was not found in zipped directory`,
          ),
        ),
      )
  })
}

/** What the zip holds and the manifest does not name. The file of an object may stand there for its fields alone. */
const unnamed = ({ manifest, components }: Package): Outcome[] =>
  components
    .filter((component) => component.type !== 'CustomObject' && !isNamed(manifest, component))
    .map((component) => failed(component, new Problem('Not in package.xml', component.element)))

/**
 * Works packages out against the metadata of an org, which stays as it is: the next one is given back. Every component is
 * tried, so that one deploy tells all that is wrong.
 */
export const runPackages = (
  packages: readonly Package[],
  { start, around, allowMissing }: { start: Metadata; around: Surroundings; allowMissing: boolean },
): Run => {
  let metadata = start
  const outcomes: Outcome[] = []
  let total = 0
  const remove = (lists: Package['removeFirst']): void => {
    for (const { file, manifest } of lists) {
      for (const [type, names] of [...manifest].reverse()) {
        for (const fullName of names) {
          total++
          outcomes.push(removeOne({ type, fullName, file }))
        }
      }
    }
  }
  const removeOne = (at: Pick<Outcome, 'type' | 'fullName' | 'file'>): Outcome => {
    try {
      const next = removeComponent(metadata, at.type, at.fullName)
      if (!next) {
        const text = `No ${at.type} named: ${at.fullName} found`
        return { ...at, did: 'nothing', problem: { kind: 'Warning', text, line: undefined, column: undefined } }
      }
      metadata = next
      return { ...at, did: 'deleted' }
    } catch (error) {
      return failed(at, error)
    }
  }
  const apply = (component: Component): Outcome => {
    const { type, fullName, file } = component
    try {
      const before = componentOf(metadata, component)
      metadata = applyComponent(metadata, around, component)
      const after = componentOf(metadata, component)
      const same = JSON.stringify(before) === JSON.stringify(after)
      return { type, fullName, file, did: same ? 'nothing' : before === undefined ? 'created' : 'changed' }
    } catch (error) {
      return failed(component, error)
    }
  }
  for (const each of packages) {
    outcomes.push(...missing(each, allowMissing), ...unnamed(each))
    for (const { problem, ...at } of each.problems) outcomes.push(failed(at, problem))
    remove(each.removeFirst)
    const named = inOrder(each.components.filter((component) => isNamed(each.manifest, component)))
    total += named.length + each.problems.length
    for (const component of named) outcomes.push(apply(component))
    remove(each.removeLast)
  }
  return { metadata, outcomes, total }
}

const componentOf = (metadata: Metadata, { type, fullName }: Component): unknown => {
  if (type === 'CustomObject') return metadata.objects[fullName]
  if (type === 'CustomField') return metadata.fields[fullName]
  if (type === 'PermissionSet') return metadata.permissionSets[fullName]
  if (type === 'PlatformEventChannel') return metadata.channels[fullName]
  return metadata.channelMembers[fullName]
}
