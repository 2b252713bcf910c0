import type { Part } from '../kit/snapshot.ts'
import type { Org, Settings, Stats } from './org.ts'

/*
 * What of an org belongs to a snapshot. Records, settings, rules and counts are here; what else holds state (`org.parts`) brings its own.
 * Not in it: credentials and tokens, which come from the options and stay; functions among the rules, which stay as they are; open query
 * cursors, which end, as they do in Salesforce after two days.
 */

const hasFunction = (rule: object): boolean => Object.values(rule).some((value) => typeof value === 'function')
const asData = <T extends object>(rules: readonly T[]): T[] =>
  structuredClone(rules.filter((rule) => !hasFunction(rule)))

type SavedRules = Pick<Org, 'duplicateRules' | 'validationRules' | 'automations'>

const rulesPart = (org: Org): Part => {
  const load = ({ duplicateRules, validationRules, automations }: SavedRules): void => {
    org.duplicateRules = duplicateRules
    org.validationRules = [...validationRules, ...org.validationRules.filter(hasFunction)]
    org.automations = [...automations, ...org.automations.filter(hasFunction)]
  }
  return {
    save: (): SavedRules => ({
      duplicateRules: asData(org.duplicateRules),
      validationRules: asData(org.validationRules),
      automations: asData(org.automations),
    }),
    load: (saved) => load(saved as SavedRules),
    clear: () => load({ duplicateRules: [], validationRules: [], automations: [] }),
  }
}

const settingsPart = (org: Org): Part => {
  const atStart = { ...org.settings }
  return {
    save: () => ({ ...org.settings }),
    load: (saved) => Object.assign(org.settings, atStart, saved as Partial<Settings>),
    clear: () => Object.assign(org.settings, atStart),
  }
}

type SavedCounts = { stats: Stats; usage: unknown }

const countsPart = (org: Org): Part => ({
  save: (): SavedCounts => ({ stats: structuredClone(org.stats), usage: org.usage.part.save() }),
  load: (saved) => {
    const { stats, usage } = saved as SavedCounts
    Object.assign(org.stats, structuredClone(stats))
    org.usage.part.load(usage)
  },
  clear: () => {
    Object.assign(org.stats, { calls: {}, subrequests: {}, records: {} })
    org.usage.part.clear()
  },
})

/** All parts of an org by name. */
export const partsOf = (org: Org): (() => ReadonlyMap<string, Part>) => {
  const own: [string, Part][] = [
    ['settings', settingsPart(org)],
    [
      'records',
      {
        ...org.store.part,
        load: (saved) => {
          org.store.part.load(saved)
          org.cursors.clear()
        },
      },
    ],
    ['rules', rulesPart(org)],
    ['faults', org.faults.part],
    ['recordFaults', org.recordFaults.part],
    ['counts', countsPart(org)],
    ['random', org.random.part],
  ]
  return () => new Map([...own, ...org.parts])
}

/** Those that others stand on: the schema beneath the records. */
export const firstParts: readonly string[] = ['metadata', 'settings', 'records']
