export {
  type ClerkEmulator,
  type ClerkEmulatorOptions,
  createClerkEmulator,
  type RunningClerkEmulator,
  startClerkEmulator,
} from './clerk/index.ts'
export { startSalesforceEmulator } from './salesforce/index.ts'
