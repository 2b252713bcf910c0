import { failureReply, type Reply, type Route } from '../api.ts'

export const bulkOneRoutes: readonly Route[] = []

export const bulkOneFailure = (error: unknown, _accept: string): Reply => failureReply(error)
