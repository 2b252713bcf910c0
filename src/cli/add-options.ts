import type { Command } from 'commander'
import { helpText, listOptions, type SettingGroup } from '../config.ts'

/** Gives a command the flags of setting groups, in the order of the table of options. */
export const addOptions = (command: Command, groups: readonly SettingGroup[]): Command => {
  for (const option of listOptions(groups)) command.option(option.flag, helpText(option))
  return command
}
