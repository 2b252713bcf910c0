import type { Route } from '../api.ts'

export const replicationRoutes: readonly Route[] = []
