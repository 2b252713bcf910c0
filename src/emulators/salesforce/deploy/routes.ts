import type { Route } from '../api.ts'

export const deployRoutes: readonly Route[] = []
