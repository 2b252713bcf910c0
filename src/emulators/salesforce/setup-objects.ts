import { makeField } from './schema.ts'
import type { StandardObject } from './standard-objects.ts'

// Permission sets and who has them, as far as tools ask for them: `sf org assign permset` looks a set up by its name and
// makes an assignment. Object Reference, PermissionSet and PermissionSetAssignment.

const system = { createable: false, updateable: false, nillable: false, permissionable: false } as const
const optional = { ...system, nillable: true }
const createOnly = { updateable: false, nillable: false, permissionable: false } as const

const id = (label: string) => makeField({ name: 'Id', label, type: 'id', length: 18, ...system })
const text = (name: string, label: string, length: number, extra: object = system) =>
  makeField({ name, label, type: 'string', length, ...extra })
const flag = (name: string, label: string) =>
  makeField({ name, label, type: 'boolean', defaultValue: false, ...system })
const to = (name: string, label: string, referenceTo: string, extra: object) =>
  makeField({
    name,
    label,
    type: 'reference',
    length: 18,
    referenceTo,
    relationshipName: name.replace(/Id$/, ''),
    indexed: true,
    ...extra,
  })
const stamp = makeField({ name: 'SystemModstamp', label: 'System Modstamp', type: 'datetime', ...system })

const permissionSet: StandardObject = {
  name: 'PermissionSet',
  label: 'Permission Set',
  labelPlural: 'Permission Sets',
  keyPrefix: '0PS',
  permissions: 'setup',
  fields: [
    id('PermissionSet ID'),
    text('Name', 'Permission Set Name', 80, { ...system, indexed: true }),
    text('Label', 'Permission Set Label', 80),
    text('Description', 'Description', 255, optional),
    text('NamespacePrefix', 'Namespace Prefix', 15, optional),
    text('Type', 'Permission Set Type', 40),
    flag('IsCustom', 'Custom'),
    flag('IsOwnedByProfile', 'Is Owned By Profile'),
    stamp,
  ],
}

const permissionSetAssignment: StandardObject = {
  name: 'PermissionSetAssignment',
  label: 'Permission Set Assignment',
  labelPlural: 'Permission Set Assignments',
  keyPrefix: '0Pa',
  permissions: 'setup',
  fields: [
    id('Assignment ID'),
    to('AssigneeId', 'Assignee ID', 'User', createOnly),
    to('PermissionSetId', 'PermissionSet ID', 'PermissionSet', createOnly),
    { ...flag('IsActive', 'Is Active'), defaultValue: true },
    stamp,
  ],
}

/** Objects of the setup, which a user sees who may view it. */
export const setupObjects: readonly StandardObject[] = [permissionSet, permissionSetAssignment]
