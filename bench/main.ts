/** `npm run bench`: measures clerkforce against floors measured in the same run. `README.md` defines every figure. */
import { parseArgs } from 'node:util'
import { measureCalls } from './calls.ts'
import { measureEmulators } from './emulators.ts'
import { measurePlans } from './explain.ts'
import { type Figure, passes, show } from './figures.ts'
import { measureIntake, measureIntakeOnPglite } from './intake.ts'
import { measureMemory } from './memory.ts'
import type { Options } from './options.ts'
import { measureScale } from './scale.ts'
import { measureTwoWay } from './two-way.ts'
import { measureWriting } from './writing.ts'

const measurements: Readonly<Record<string, (options: Options) => Promise<Figure[]>>> = {
  intake: measureIntake,
  'intake-pglite': measureIntakeOnPglite,
  calls: measureCalls,
  writing: measureWriting,
  'two-way': measureTwoWay,
  memory: measureMemory,
  scale: measureScale,
  explain: measurePlans,
  emulators: measureEmulators,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    profile: { type: 'string' },
    people: { type: 'string' },
  },
})
const unknown = positionals.filter((name) => !(name in measurements))
if (unknown.length > 0) {
  process.stderr.write(`no measurement ${unknown.join(', ')}; there are ${Object.keys(measurements).join(', ')}\n`)
  process.exit(2)
}

const people = values.people === undefined ? undefined : Number(values.people)
if (people !== undefined && !(people >= 1_000 && people % 1_000 === 0)) {
  process.stderr.write('--people takes a number of whole thousands\n')
  process.exit(2)
}

const report = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
const figures: Figure[] = []
for (const [name, measure] of Object.entries(measurements)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  report(`${name} …`)
  figures.push(...(await measure({ quick: values.quick, people, profile: values.profile, report })))
}
const missed = figures.filter((figure) => !passes(figure))
if (values.json)
  process.stdout.write(
    `${JSON.stringify(
      figures.map((figure) => ({ ...figure, pass: passes(figure) })),
      null,
      2,
    )}\n`,
  )
else
  process.stdout.write(
    `${figures.map(show).join('')}${missed.length === 0 ? 'every target met' : `${missed.length} missed`}\n`,
  )
process.exit(missed.length === 0 ? 0 : 1)
