import type { Route } from '../api.ts'

export const searchRoutes: readonly Route[] = []
