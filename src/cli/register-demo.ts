import type { Command } from 'commander'

export const registerDemo = (program: Command): void => {
  program
    .command('demo')
    .description('play a story on both emulators and an embedded database, and show what arrives on either side')
    .option('--once', 'exit when both sides agree (0) or differ (1), instead of staying up', false)
    .action(async (options: { once: boolean }) => {
      const { demo } = await import('./demo.ts')
      process.exitCode = await demo(options)
    })
}
