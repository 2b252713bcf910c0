import { InvalidArgumentError } from 'commander'
import { type PlannedFilter, plannedFlags, plannedKinds } from '../../sync/mirror/planned.ts'
import { runEntities } from '../../sync/mirror/runs.ts'
import { entityNames } from './words.ts'

const isId = /^(user|org|orgmem)_\w{1,250}$|^(001|003|07k)\w{12,15}$/

/** What `--show` names: an entity, a kind, a risk, or a record by its id on either side. */
export const readShown = (text: string): PlannedFilter => {
  const entity = runEntities.find((one) => one === text || entityNames[one] === text)
  if (entity) return { entity }
  const kind = plannedKinds.find((one) => one === text)
  if (kind) return { kind }
  const flag = plannedFlags.find((one) => one === text)
  if (flag) return { flag }
  if (isId.test(text)) return { of: text }
  throw new InvalidArgumentError(
    `It must be one of ${[...Object.values(entityNames), ...plannedKinds, ...plannedFlags].join(', ')}, or an id: user_… org_… orgmem_… 003… 001… 07k…`,
  )
}
