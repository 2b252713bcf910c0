import type { Context, Hono, MiddlewareHandler } from 'hono'
import { ControlError } from './strict.ts'

/** What each control does, by `METHOD /path`. */
export type ControlWords = Readonly<Record<string, string>>
type ControlEntry = { method: string; path: string; does?: string }

const base = '/_emulator'

/** The page brings all it needs. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"

/** Whether a request is for the emulator itself and not for what it stands in for. */
export const isControl = (path: string): boolean => path === base || path.startsWith(`${base}/`)

/**
 * Refuses what a page of another site sends: the controls need no key, and a browser would send it for anybody.
 * @throws ControlError 403
 */
export const ownPagesOnly: MiddlewareHandler = async (c, next) => {
  const origin = c.req.header('origin')
  if (origin !== undefined && origin !== new URL(c.req.url).origin)
    throw new ControlError(`the controls do not take requests from pages of ${origin}`, 403)
  await next()
}

const wantsPage = (c: Context): boolean => (c.req.header('accept') ?? '').includes('text/html')

/** Every control there is, read from the routes themselves. */
const listControls = (app: Hono, words: ControlWords): ControlEntry[] => {
  const entries = new Map<string, ControlEntry>()
  for (const { method, path } of app.routes) {
    const key = `${method} ${path}`
    if (method === 'ALL' || path === '/' || path === '/*') continue
    const does = words[key]
    entries.set(key, { method, path: base + path, ...(does !== undefined && { does }) })
  }
  return [...entries.values()]
}

const asPattern = (path: string): RegExp => new RegExp(`^${path.replace(/:[^/]+/g, '[^/]+')}$`)

/**
 * Adds the list of controls at the root, the page for browsers, errors in words, and an answer for what does not exist. To be called last.
 * Errors that the vendor has words for go to `explain` first.
 */
export const finishControls = (
  app: Hono,
  {
    emulator,
    words,
    page,
    explain,
  }: { emulator: string; words: ControlWords; page: () => string; explain?: (error: Error) => Response | undefined },
): void => {
  const controls = () => listControls(app, words)
  const showPage = (c: Context) => c.html(page(), 200, { 'content-security-policy': policy })
  const index = (c: Context) =>
    wantsPage(c)
      ? showPage(c)
      : c.json({ emulator, page: `${new URL(c.req.url).origin}${base}/`, controls: controls() })
  app.get('/', index)
  app.onError((error, c) => {
    const status = error instanceof ControlError ? error.status : 400
    return explain?.(error) ?? c.json({ error: error.message }, status)
  })
  app.all('/*', (c) => {
    if (c.req.path === `${base}/` && c.req.method === 'GET') return showPage(c)
    const all = controls()
    const here = all.filter(({ path }) => asPattern(path).test(c.req.path)).map(({ method }) => method)
    const error =
      here.length > 0
        ? `${c.req.path} does not take ${c.req.method}; it takes ${here.join(', ')}`
        : `There is no control ${c.req.method} ${c.req.path}. GET ${base} says what each of them does.`
    return c.json({ error, controls: all.map(({ method, path }) => `${method} ${path}`) }, here.length > 0 ? 405 : 404)
  })
}
