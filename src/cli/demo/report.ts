import { styleText } from 'node:util'
import type { Checked } from './compare.ts'
import type { Verdict } from './compare-sides.ts'
import { type Figures, median } from './figures.ts'
import { plural, seconds } from './words.ts'
import type { World } from './world.ts'

const drawSide = (agrees: string, { records, fields, differences }: Checked): string[] => {
  if (differences.length === 0)
    return [` ${styleText(['green', 'bold'], `✓ ${agrees}`)}: ${records} records compared, ${fields} fields.`]
  const heading = `✗ ${agrees.replace(' agrees with', ' differs from')} in ${plural(differences.length, 'place')}`
  return [
    ` ${styleText(['red', 'bold'], heading)}; ${records} records compared, ${fields} fields.`,
    ...differences.map(
      ({ object, record, field, expected, found }) =>
        `   ${object} ${record}, ${field}: expected ${expected}, found ${found}`,
    ),
  ]
}

/** What clerkforce left to a person, or did not bring about: at the end of the story there is nothing of the kind. */
const drawLeft = ({ parked, missed }: Verdict): string[] => [
  ...missed.map((sentence) => ` ${styleText(['red', 'bold'], '✗ Did not come about in time')}: ${sentence}`),
  ...parked.map(
    ({ entity, code, reason }) => ` ${styleText(['red', 'bold'], '✗ Parked')}: a link (${entity}), ${code}: ${reason}`,
  ),
]

/** Whether both sides agree and nothing is left over. */
export const agrees = ({ salesforce, clerk, parked, missed }: Verdict): boolean =>
  [salesforce.differences, clerk.differences, parked, missed].every((list) => list.length === 0)

/** Whether both sides agree, and where they do not. */
export const drawVerdict = (verdict: Verdict): string[] => [
  ...drawSide('Salesforce agrees with Clerk', verdict.salesforce),
  ...drawSide('Clerk agrees with Salesforce', verdict.clerk),
  ...drawLeft(verdict),
]

/** What was measured. */
export const drawSummary = (
  { sent, intake, written, carried, followed }: Figures,
  outcomesMs: readonly number[],
  outage: { from: number; until: number } | undefined,
): string[] => {
  const time = (ms: number | undefined) => (ms === undefined ? 'unknown' : seconds(ms))
  const perRecord = written.records === 0 ? '' : `, ${(written.calls / written.records).toFixed(2)} each`
  const away = outage ? `away for ${seconds(outage.until - outage.from)}` : 'never away'
  const byHand = `${time(median(outcomesMs))} from what is done by hand to its outcome (median),`
  return [
    ` Clerk          ${plural(sent.messages, 'webhook')} in ${sent.arrived} deliveries: ${sent.twice} twice, ${sent.late} late,`,
    `                ${sent.overtaken} out of order; ${plural(carried, 'record')} changed for Salesforce`,
    ` clerkforce     ${intake.stored} webhooks stored, ${plural(intake.repeated, 'repeat')} ignored, ${intake.unused} of no use`,
    ` Salesforce     ${plural(followed, 'change event')}; ${plural(written.records, 'record')} changed for Clerk;`,
    `                ${plural(written.calls, 'API call')}${perRecord}, reading back included; ${away}`,
    ` To Salesforce  ${time(written.medianMs)} from Clerk's change to Salesforce's answer (median),`,
    `                ${time(written.undisturbedMs)} where no outage was in the way, ${time(written.slowestMs)} at the slowest`,
    ...(outcomesMs.length > 0
      ? [` To Clerk       ${byHand}`, `                ${time(Math.max(...outcomesMs))} at the slowest`]
      : []),
  ]
}

/** Where everything is while it stays up, and what to do with it. */
export const drawAddresses = (world: World): string[] => {
  const { clerkforce, clerk, salesforce, before, webhookUrl, takenPorts, adminToken } = world
  const name = (text: string) => ` ${styleText('bold', text.padEnd(12))} `
  const more = ' '.repeat(14)
  // An Account that the story left alone.
  const [untouched] = before.keys()
  const taken = `${takenPorts.length === 1 ? 'Port' : 'Ports'} ${takenPorts.join(', ')} taken by somebody else: free ones stand in.`
  return [
    `${name('clerkforce')}${webhookUrl}, /api/status, /metrics`,
    `${more}admin token ${adminToken}`,
    `${name('Clerk')}${clerk.url}/v1, /_emulator/state, /_emulator/messages`,
    `${more}secret key ${clerk.secretKey}`,
    `${more}webhook signing secret ${clerk.signingSecret}`,
    `${name('Salesforce')}${salesforce.url}, /_emulator/state, /_emulator/faults`,
    `${more}client id, client secret`,
    `${more}${salesforce.clientId}`,
    `${more}${salesforce.clientSecret}`,
    ` ${styleText('bold', 'Try')}  curl ${clerkforce.url}/api/organizations -d '{"name":"Yours"}' \\`,
    `        -H 'authorization: Bearer ${adminToken}'`,
    `      curl -X PATCH -d '{"Provision_Clerk_Org__c":true}' \\`,
    `        ${salesforce.url}/_emulator/records/Account/${untouched}`,
    ...(takenPorts.length > 0 ? [` ${taken}`] : []),
  ]
}
