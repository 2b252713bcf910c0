/**
 * clerkforce as a library. `clerkforce.config.ts` needs `defineConfig` alone. An application that already has a server mounts `fetch`:
 *
 *   const clerkforce = await openClerkforce({ settings: readSettings(CLERKFORCE_SETTINGS) })
 *   export const POST = (request: Request) => clerkforce.fetch(request)
 *
 * Everything else, a server of its own included, is `startClerkforce`, which is what `clerkforce serve` calls.
 */

export { ClerkError, type ClerkFailure } from './clerk/clerk-error.ts'
export type { Clock } from './clock.ts'
export { readSettings, type SettingSources, type Settings } from './config.ts'
export type { Database, Query } from './db/database.ts'
export { SettingError, SyncError, type Verdict } from './errors.ts'
export type { Log } from './log.ts'
export type { Body, Entity, Json } from './model/model.ts'
export { PreviewInputError, type ShapeInput } from './preview/inputs.ts'
export {
  type GivenRecord,
  type MembershipQuestion,
  type OrganizationQuestion,
  type PersonQuestion,
  type Preview,
  type TestedMapping,
  type TestMappingOptions,
  testMapping,
} from './preview/test-mapping.ts'
export {
  CLERKFORCE_SETTINGS,
  type Clerkforce,
  type ClerkforceOptions,
  type ClerkforceSettings,
  openClerkforce,
  type RunningClerkforce,
  startClerkforce,
} from './program.ts'
export type { Engine, Events, Health } from './sync/engine.ts'
export {
  type CreatedOrganization,
  KeyReusedError,
  type OrganizationRequest,
} from './sync/grants/create-organization.ts'
export type { Counts } from './sync/mirror/counts.ts'
export type { AccountSource, FightsConfig, InviteConfig, ProvisionConfig, When } from './sync/plan/grants.ts'
export {
  defineConfig,
  type FieldMapping,
  type FieldMappings,
  type MappingConfig,
  type MembershipEnded,
  type MembershipSource,
  type OrganizationDeleted,
  type OrganizationMatch,
  type OrganizationSource,
  type UserDeleted,
  type UserErased,
  type UserSource,
} from './sync/plan/mapping.ts'
export type { Rule } from './sync/plan/merge.ts'
export type { Delivered } from './sync/write/deliver.ts'
