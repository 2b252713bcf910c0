import type { Route } from '../api.ts'

export const bulkRoutes: readonly Route[] = []
