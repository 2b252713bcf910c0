import { styleText } from 'node:util'
import type { Checked } from './check.ts'
import type { Figures } from './figures.ts'
import { plural, seconds } from './words.ts'
import type { World } from './world.ts'

/** Whether both sides agree, and where they do not. */
export const drawVerdict = ({ records, fields, differences }: Checked): string[] => {
  if (differences.length === 0)
    return [
      ` ${styleText(['green', 'bold'], '✓ Salesforce agrees with Clerk')}: ${records} records compared, ${fields} fields.`,
    ]
  return [
    ` ${styleText(['red', 'bold'], `✗ Salesforce and Clerk differ in ${plural(differences.length, 'place')}`)}; ${records} records compared, ${fields} fields.`,
    ...differences.map(
      ({ object, record, field, expected, found }) =>
        `   ${object} ${record}, ${field}: expected ${expected}, found ${found}`,
    ),
  ]
}

/** What was measured. */
export const drawSummary = (
  { sent, intake, written }: Figures,
  outage: { from: number; until: number } | undefined,
): string[] => {
  const time = (ms: number | undefined) => (ms === undefined ? 'unknown' : seconds(ms))
  const perRecord = written.records === 0 ? '' : `, ${(written.calls / written.records).toFixed(2)} each`
  const away = outage ? `away for ${seconds(outage.until - outage.from)}` : 'never away'
  return [
    ` Clerk        ${plural(sent.messages, 'webhook')} in ${sent.arrived} deliveries: ${sent.twice} twice, ${sent.late} late, ${sent.overtaken} out of order`,
    ` clerkforce   ${intake.stored} stored, ${plural(intake.repeated, 'repeat')} ignored, ${intake.unused} of types it has no use for`,
    ` Salesforce   ${plural(written.records, 'record')} changed in ${plural(written.calls, 'API call')}${perRecord}; ${away}`,
    ` Time         ${time(written.medianMs)} from Clerk's change to Salesforce's answer (median);`,
    `              ${time(written.undisturbedMs)} where no outage was in the way, ${time(written.slowestMs)} at the slowest`,
  ]
}

/** Where everything is while it stays up, and what to do with it. */
export const drawAddresses = (world: World): string[] => {
  const { clerkforce, clerk, salesforce, webhookUrl, takenPorts, adminToken } = world
  const name = (text: string) => ` ${styleText('bold', text.padEnd(12))} `
  const more = ' '.repeat(14)
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
    ...(takenPorts.length > 0 ? [` ${taken}`] : []),
  ]
}
