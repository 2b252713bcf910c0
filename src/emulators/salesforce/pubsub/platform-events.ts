import { schemaIdOf } from './event-schema.ts'
import { codecOf } from './payload.ts'

/** A platform event of the org, as its admin defined it. */
export type PlatformEventType = {
  /** Such as `Order_Placed__e`. */
  name: string
  /** Custom fields by name. */
  fields: Readonly<Record<string, 'text' | 'number' | 'checkbox' | 'datetime'>>
}

export type PlatformTopic = { topic: string; schema: { id: string; text: string } }

const types = {
  text: ['Text', 'string'],
  number: ['Double', 'double'],
  checkbox: ['Boolean', 'boolean'],
  datetime: ['DateTime', 'long'],
} as const

/**
 * The topic of a platform event. Its first two fields are the publisher's to fill, as in real schemas.
 * @throws Error for a name that is none of a platform event or of a custom field
 */
export const platformTopic = ({ name, fields }: PlatformEventType): PlatformTopic => {
  if (!/^[A-Za-z]\w*__e$/.test(name))
    throw new Error(`platformEvents: the name of a platform event ends in __e, not ${name}`)
  const wrong = Object.keys(fields).find((field) => !/^[A-Za-z]\w*__c$/.test(field))
  if (wrong !== undefined) throw new Error(`platformEvents: the name of a field of ${name} ends in __c, not ${wrong}`)
  const text = JSON.stringify({
    type: 'record',
    name,
    namespace: 'com.sforce.eventbus',
    fields: [
      { name: 'CreatedDate', type: 'long', doc: 'CreatedDate:DateTime' },
      { name: 'CreatedById', type: 'string', doc: 'CreatedBy:EntityId' },
      ...Object.entries(fields).map(([field, type]) => ({
        name: field,
        type: ['null', types[type][1]],
        doc: `Data:${types[type][0]}`,
        default: null,
      })),
    ],
  })
  return { topic: `/event/${name}`, schema: { id: schemaIdOf(text), text } }
}

/** Whether bytes are one event of this schema and nothing else. */
export const isPayloadOf = (schema: PlatformTopic['schema'], payload: Buffer): boolean => {
  try {
    codecOf(schema).fromBuffer(payload)
    return true
  } catch {
    return false
  }
}
