import { XMLParser, XMLValidator } from 'fast-xml-parser'

/** An element of a metadata file, and where its content begins: Salesforce's reports point behind the start tag. */
export type Element = {
  tag: string
  text: string
  children: readonly Element[]
  line: number
  column: number
}

/** A file or component that cannot be taken, in the words of a deploy. */
export class Problem extends Error {
  override readonly name: string = 'Problem'
  readonly line: number | undefined
  readonly column: number | undefined

  constructor(message: string, at?: { line: number; column: number }) {
    super(message)
    this.line = at?.line
    this.column = at?.column
  }
}

const namespace = 'http://soap.sforce.com/2006/04/metadata'
const parser = new XMLParser({
  preserveOrder: true,
  captureMetaData: true,
  ignoreAttributes: false,
  parseTagValue: false,
  trimValues: true,
})
const placeKey = XMLParser.getMetaDataSymbol() as unknown as symbol

type Node = { [key: string | symbol]: unknown }

const startOfContent = (text: string, from: number): { line: number; column: number } => {
  const before = text.slice(0, text.indexOf('>', from) + 1)
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') }
}

const toElement = (source: string, node: Node): Element[] => {
  const tag = Object.keys(node).find((key) => key !== ':@' && key !== '#text')
  if (tag === undefined || tag.startsWith('?')) return []
  const content = node[tag] as Node[]
  const place = node[placeKey] as { startIndex: number } | undefined
  return [
    {
      tag,
      text: content.map((each) => (typeof each['#text'] === 'string' ? each['#text'] : '')).join(''),
      children: content.flatMap((each) => toElement(source, each)),
      ...startOfContent(source, place?.startIndex ?? 0),
    },
  ]
}

/**
 * Reads a metadata file.
 * @param root the element that the file must consist of, such as `CustomObject`
 * @throws Problem `Error parsing file: ..`
 */
export const readXml = (source: string, root: string): Element => {
  const wellFormed = XMLValidator.validate(source)
  if (wellFormed !== true) {
    const { msg, line, col } = wellFormed.err
    throw new Problem(`Error parsing file: ${msg}`, { line, column: col })
  }
  const nodes = parser.parse(source) as Node[]
  const found = nodes.flatMap((node) => toElement(source, node))[0]
  const attributes = nodes.find((node) => found && found.tag in node)?.[':@'] as Node | undefined
  if (!found || found.tag !== root || attributes?.['@_xmlns'] !== namespace) {
    throw new Problem(`Error parsing file: Element ${found?.tag ?? '(none)'} invalid at this location`, found)
  }
  return found
}

/** The elements that may stand in another one, and those that may stand there more than once. */
export type Shape = { type: string; once: ReadonlySet<string>; many: ReadonlySet<string> }

/** Such as `shape('Package', 'fullName version', 'types')`. */
export const shape = (type: string, once: string, many = ''): Shape => ({
  type,
  once: new Set(once.split(/\s+/)),
  many: new Set(many.split(/\s+/)),
})

/** @throws Problem for an element that has no place here, or stands here twice */
export const checkShape = (element: Element, { type, once, many }: Shape): void => {
  const seen = new Set<string>()
  for (const child of element.children) {
    const { tag } = child
    if (many.has(tag)) continue
    if (!once.has(tag))
      throw new Problem(
        `Error parsing file: Element {${namespace}}${tag} invalid at this location in type ${type}`,
        child,
      )
    if (seen.has(tag))
      throw new Problem(`Error parsing file: Element ${tag} is duplicated at this location in type ${type}`, child)
    seen.add(tag)
  }
}

/** The text of a child; undefined when it is missing or empty. */
export const text = (element: Element, tag: string): string | undefined =>
  element.children.find((child) => child.tag === tag)?.text || undefined

/** Whether a child says true. @throws Problem for neither true nor false */
export const flag = (element: Element, tag: string): boolean => {
  const value = text(element, tag) ?? 'false'
  if (value !== 'true' && value !== 'false')
    throw new Problem(`'${value}' is not a valid value for the type xsd:boolean`, element)
  return value === 'true'
}

/** A child's number. @throws Problem for what is no whole number */
export const whole = (element: Element, tag: string): number | undefined => {
  const value = text(element, tag)
  if (value === undefined) return undefined
  if (!/^-?\d+$/.test(value)) throw new Problem(`'${value}' is not a valid value for the type xsd:int`, element)
  return Number(value)
}

/** All children with a tag. */
export const all = (element: Element, tag: string): Element[] => element.children.filter((child) => child.tag === tag)

/** A child's text. @throws Problem `Required field is missing: ..` */
export const required = (element: Element, tag: string): string => {
  const value = text(element, tag)
  if (value === undefined) throw new Problem(`Required field is missing: ${tag}`, element)
  return value
}
