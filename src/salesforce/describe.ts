import { z } from 'zod'
import type { FieldDescription, ObjectDescription } from './api.ts'
import { failureOfShape } from './failure.ts'

const Field = z.object({
  name: z.string(),
  label: z.string(),
  type: z.string(),
  length: z.number(),
  createable: z.boolean(),
  updateable: z.boolean(),
  nillable: z.boolean(),
  externalId: z.boolean(),
  unique: z.boolean(),
  caseSensitive: z.boolean(),
  restrictedPicklist: z.boolean(),
  picklistValues: z.array(z.object({ active: z.boolean(), value: z.string() })),
})

const Describe = z.object({
  name: z.string(),
  createable: z.boolean(),
  updateable: z.boolean(),
  deletable: z.boolean(),
  fields: z.array(Field),
})

/**
 * A describe answer as we use it. It shows what our user may see: a field without field-level security is missing here exactly as one that
 * was never deployed. Picklist values that are switched off are left out, since Salesforce refuses them in a restricted picklist.
 */
export const readDescribe = (body: unknown): ObjectDescription => {
  const parsed = Describe.safeParse(body)
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    throw failureOfShape(`describe, at "${where}"`, 'reads', 200)
  }
  const { fields, ...object } = parsed.data
  return { ...object, fields: new Map(fields.map((field) => [field.name, readField(field)])) }
}

const readField = ({ picklistValues, ...field }: z.infer<typeof Field>): FieldDescription => ({
  ...field,
  picklistValues: picklistValues.filter((choice) => choice.active).map((choice) => choice.value),
})
