import { all, type Element, Problem, readXml, text } from './xml.ts'

/** A component of a package: one file, or one part of an object's file. */
export type Component = {
  type: string
  fullName: string
  file: string
  element: Element
}

/** A file that cannot be read, as a deploy reports it. */
export type FileProblem = { type: string; fullName: string; file: string; problem: Problem }

/** The types that the emulator has, in the order in which they build on each other, with the folders of their files. */
export const folders: Readonly<Record<string, { folder: string; suffix: string }>> = {
  CustomObject: { folder: 'objects', suffix: 'object' },
  CustomField: { folder: 'objects', suffix: 'field' },
  PermissionSet: { folder: 'permissionsets', suffix: 'permissionset' },
  PlatformEventChannel: { folder: 'platformEventChannels', suffix: 'platformEventChannel' },
  PlatformEventChannelMember: { folder: 'platformEventChannelMembers', suffix: 'platformEventChannelMember' },
}
export const componentTypes: readonly string[] = Object.keys(folders)

/** Types that are of Salesforce, but not of the emulator: the others are unknown to both. */
export const otherTypes: ReadonlySet<string> = new Set(
  `ApexClass ApexComponent ApexPage ApexTestSuite ApexTrigger AppMenu ApprovalProcess AssignmentRules AuraDefinitionBundle
   AutoResponseRules Bot BusinessProcess CachePartition Community CompactLayout ConnectedApp ContentAsset CorsWhitelistOrigin CspTrustedSite
   CustomApplication CustomLabel CustomLabels CustomMetadata CustomNotificationType CustomPageWebLink CustomPermission
   CustomSite CustomTab Dashboard DataCategoryGroup DuplicateRule EmailTemplate EscalationRules ExperienceBundle
   ExternalClientApplication ExternalCredential ExternalDataSource FieldSet FlexiPage Flow FlowDefinition GlobalValueSet Group HomePageLayout
   Layout LeadConvertSettings Letterhead LightningComponentBundle LightningMessageChannel ListView ManagedEventSubscription MatchingRule MatchingRules NamedCredential
   Network PermissionSetGroup PlatformCachePartition Profile ProfilePasswordPolicy Queue QuickAction RecordType
   RemoteSiteSetting Report ReportType Role SamlSsoConfig Scontrol Settings SharingReason SharingRules SharingCriteriaRule SharingOwnerRule StandardValueSet
   StaticResource Territory TopicsForObjects Translations ValidationRule WebLink Workflow WorkflowAlert WorkflowFieldUpdate WorkflowRule`.split(
    /\s+/,
  ),
)

const asProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error
  throw error
}

/** A field by its place: the object's file in a package, a file of its own in a DX project. */
const fieldOf = (object: string, file: string, element: Element): Component => ({
  type: 'CustomField',
  fullName: `${object}.${text(element, 'fullName') ?? ''}`,
  file,
  element,
})

const read = (type: string, fullName: string, file: string, source: string): Component[] => {
  const element = readXml(source, type)
  const own = { type, fullName, file, element }
  return type === 'CustomObject'
    ? [own, ...all(element, 'fields').map((field) => fieldOf(fullName, file, field))]
    : [own]
}

const placeOf = (path: string): { type: string; fullName: string } | undefined => {
  const [folder = '', name = ''] = path.split('/').slice(-2)
  for (const [type, place] of Object.entries(folders)) {
    if (place.folder === folder && name.endsWith(`.${place.suffix}`))
      return { type, fullName: name.slice(0, -place.suffix.length - 1) }
  }
  return undefined
}

/** The components in the files of a package in the Metadata API's format; the manifests are not among them. */
export const packageComponents = (
  files: ReadonlyMap<string, string>,
): { components: Component[]; problems: FileProblem[] } => {
  const components: Component[] = []
  const problems: FileProblem[] = []
  for (const [file, source] of files) {
    const place = placeOf(file)
    try {
      if (!place) throw new Problem('Files of this kind: not supported by the emulator')
      components.push(...read(place.type, place.fullName, file, source))
    } catch (error) {
      problems.push({ type: place?.type ?? '', fullName: place?.fullName ?? file, file, problem: asProblem(error) })
    }
  }
  return { components, problems }
}

const suffixes: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(folders).map(([type, { suffix }]) => [`.${suffix}-meta.xml`, type]),
)
/** Kinds of files that a project keeps apart and that only pages show. */
const lookFolder = /\/(?:listViews|compactLayouts|fieldSets|webLinks)\/[^/]+-meta\.xml$/

/**
 * The components in the files of a Salesforce DX project.
 * @throws Problem for a file that cannot be read, its message with the file's name
 */
export const projectComponents = (files: ReadonlyMap<string, string>): Component[] =>
  [...files].flatMap(([file, source]) => {
    if (!file.endsWith('-meta.xml') || lookFolder.test(file)) return []
    const parts = file.split('/')
    const name = parts.at(-1) ?? ''
    const suffix = Object.keys(suffixes).find((each) => name.endsWith(each))
    const type = suffix === undefined ? undefined : suffixes[suffix]
    if (suffix === undefined || type === undefined) throw new Problem(`${file}: not supported by the emulator`)
    const fullName = name.slice(0, -suffix.length)
    try {
      if (type !== 'CustomField') return read(type, fullName, file, source)
      const field = fieldOf(parts.at(-3) ?? '', file, readXml(source, type))
      if (field.fullName.split('.')[1] !== fullName)
        throw new Problem(`fullName ${field.fullName.split('.')[1]} is not the file's name`)
      return [field]
    } catch (error) {
      throw new Problem(`${file}: ${asProblem(error).message}`)
    }
  })
