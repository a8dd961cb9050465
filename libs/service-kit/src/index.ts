// What every service needs: run and stop, settings, logs, metrics, traces, HTTP, tokens.
export { type Metrics, createMetrics } from './admin/metrics.ts'
export { authSettings, type AuthSettings } from './auth/auth-settings.ts'
export {
  type Authentication,
  type AuthenticationFailure,
  type Authenticator,
  bearerToken,
  createAuthenticator,
  problemCodeOfAuthentication,
} from './auth/authenticator.ts'
export { checkLocalDoor, type LocalDoorRefusal } from './auth/local-door.ts'
export { BadSettings, readSettings } from './config/read-settings.ts'
export {
  dataSettings,
  durationSetting,
  eventStoreSettings,
  httpSettings,
  type HttpSettings,
  integerSetting,
  natsSettings,
  secretSetting,
  setting,
  sizeSetting,
} from './config/settings.ts'
export { addressSchema, durationSchema, integerSchema, switchSchema } from './config/values.ts'
export { authenticationProblem, createHttpApi, type HttpApi, type HttpApiOptions } from './http/http-api.ts'
export { listen, type Listening } from './http/listen.ts'
export { fieldErrorsOf, ProblemError } from './http/problem-error.ts'
export type { Call, Handler, Method, Reply, RouteOptions } from './http/route.ts'
export { createLogger, type Log } from './log/logger.ts'
export { redactText } from './log/redact.ts'
export { eventStoreMetrics, watchDisk, watchNats } from './metrics/connection-metrics.ts'
export { type ConsumerMetrics, consumerMetrics } from './metrics/consumer-metrics.ts'
export type { Readiness, ReadinessCheck } from './run/readiness.ts'
export { type Host, runService, type Scope, type ServiceDefinition } from './run/run-service.ts'
