import type { Route } from '../api.ts'
import { ingestRoutes } from './ingest-routes.ts'
import { queryJobRoutes } from './query-routes.ts'

/** Bulk API 2.0. */
export const bulkRoutes: readonly Route[] = [...ingestRoutes, ...queryJobRoutes]
