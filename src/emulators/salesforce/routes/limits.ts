import type { Call, Route, Work } from '../api.ts'
import { storageUsed } from '../records/storage.ts'

type Limit = { Max: number; Remaining: number }

const untouched = (max: number): Limit => ({ Max: max, Remaining: max })
const left = (max: number, used: number): Limit => ({ Max: max, Remaining: Math.max(0, max - used) })

// What a Developer Edition has and nothing here uses up.
const constant: Readonly<Record<string, Limit>> = {
  ActiveScratchOrgs: untouched(3),
  AnalyticsExternalDataSizeMB: untouched(40_960),
  ConcurrentAsyncGetReportInstances: untouched(200),
  ConcurrentSyncReportRuns: untouched(20),
  DailyAsyncApexExecutions: untouched(250_000),
  DailyDeliveredPlatformEvents: untouched(10_000),
  DailyDurableGenericStreamingApiEvents: untouched(10_000),
  DailyDurableStreamingApiEvents: untouched(10_000),
  DailyGenericStreamingApiEvents: untouched(10_000),
  DailyScratchOrgs: untouched(6),
  DailyStandardVolumePlatformEvents: untouched(10_000),
  DailyStreamingApiEvents: untouched(10_000),
  DailyWorkflowEmails: untouched(1_000),
  DurableStreamingApiConcurrentClients: untouched(20),
  FileStorageMB: untouched(20),
  HourlyAsyncReportRuns: untouched(1_200),
  HourlyDashboardRefreshes: untouched(200),
  HourlyDashboardResults: untouched(5_000),
  HourlyDashboardStatuses: untouched(999_999_999),
  HourlyLongTermIdMapping: untouched(100_000),
  HourlyODataCallout: untouched(1_000),
  HourlyPublishedPlatformEvents: untouched(50_000),
  HourlyPublishedStandardVolumePlatformEvents: untouched(1_000),
  HourlyShortTermIdMapping: untouched(100_000),
  HourlySyncReportRuns: untouched(500),
  HourlyTimeBasedWorkflow: untouched(50),
  MassEmail: untouched(10),
  MonthlyPlatformEvents: untouched(0),
  Package2VersionCreates: untouched(6),
  PermissionSets: untouched(1_500),
  SingleEmail: untouched(15),
  StreamingApiConcurrentClients: untouched(20),
}

const mebibyte = 1_048_576
/** The data storage of a Developer Edition. */
const storageMb = 5

const limits = (call: Call): Work => ({
  run: () => {
    const { usage, bulk, settings } = call.org
    return {
      status: 200,
      body: {
        ...constant,
        DailyApiRequests: left(usage.limit, usage.used()),
        DailyBulkApiBatches: left(bulk.batches.limit, bulk.batches.used()),
        DailyBulkV2QueryFileStorageMB: untouched(976_562),
        DailyBulkV2QueryJobs: left(bulk.queries.limit, bulk.queries.used()),
        DataStorageMB: left(settings.storageLimitMb || storageMb, Math.floor(storageUsed(call.org) / mebibyte)),
      },
    }
  },
})

const names = [
  'composite',
  'jobs',
  'limits',
  'metadata',
  'parameterizedSearch',
  'query',
  'queryAll',
  'recent',
  'search',
  'sobjects',
]

const resources = (call: Call): Work => ({
  run: () => {
    const base = `/services/data/v${call.version}`
    return {
      status: 200,
      body: {
        ...Object.fromEntries(names.map((name) => [name, `${base}/${name}`])),
        identity: `${call.origin}/id/${call.org.orgId}/${call.org.userId}`,
      },
    }
  },
})

/** What there is under a version, and how much of it may be used. */
export const limitRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/', kind: 'resources', prepare: resources },
  { method: 'GET', pattern: '/limits', kind: 'limits', prepare: limits },
]
