import type { Hono } from 'hono'
import type { Inside } from './inside.ts'

/** Answers at `/`: what this is and where things are, for whoever opens the bare address. */
export const describeEmulator = (app: Hono, { title, about }: Inside): void => {
  app.get('/', (c) => {
    const { origin } = new URL(c.req.url)
    return c.text(
      [
        `${title}, part of clerkforce. Not the vendor's service, and not made by the vendor.`,
        '',
        about,
        '',
        `Look inside:  ${origin}/_emulator/`,
        `Controls:     ${origin}/_emulator  (JSON: what there is and what each does)`,
        '',
      ].join('\n'),
    )
  })
}
