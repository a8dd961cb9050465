// How a service declares its settings, and the settings that services have in common.
import { z } from 'zod'

import { addressSchema, durationSchema, integerSchema, portSchema, sizeSchema } from './values.ts'

/** One setting: its schema with the sentence that `--print-config` and error messages show. */
export const setting = <S extends z.ZodType>(doc: string, schema: S): S => schema.meta({ description: doc })

/** A setting whose value is never shown. */
export const secretSetting = <S extends z.ZodType>(doc: string, schema: S): S =>
  schema.meta({ description: doc, secret: true })

/** A setting in milliseconds, with its default as people write it (`30s`). */
export const durationSetting = (doc: string, standard: string) =>
  durationSchema.prefault(standard).meta({ description: doc, unit: 'ms' })

/** A setting in bytes, with its default as people write it (`1MiB`). */
export const sizeSetting = (doc: string, standard: string) =>
  sizeSchema.prefault(standard).meta({ description: doc, unit: 'bytes' })

/** A whole number with its default and its range. */
export const integerSetting = (
  doc: string,
  standard: number,
  range: { readonly min?: number; readonly max?: number } = {},
) => integerSchema(range).prefault(String(standard)).meta({ description: doc })

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

/** What `runService` itself reads; a service does not repeat these. */
export const processSettings = (standard: { readonly adminPort: number }) =>
  z.object({
    LOG_LEVEL: setting('The least log level that is written.', z.enum(logLevels).default('info')),
    ADMIN_HOST: setting(
      'Where /livez, /readyz and /metrics listen; never the public address.',
      z.string().min(1).default('127.0.0.1'),
    ),
    ADMIN_PORT: setting(
      'The port of /livez, /readyz and /metrics.',
      portSchema.prefault(String(standard.adminPort)),
    ),
    STOP_DEADLINE: durationSetting('A stop that takes longer than this ends the process.', '25s'),
    OTEL_EXPORTER_OTLP_ENDPOINT: setting(
      'The OpenTelemetry collector that gets the traces (OTLP over HTTP); absent: none is sent.',
      addressSchema('http', 'https').optional(),
    ),
  })

export const natsSettings = {
  NATS_URL: setting('The NATS servers, separated by commas.', addressSchema('nats', 'tls')),
}

export const eventStoreSettings = {
  EVENTSTORE_URL: setting(
    'EventStoreDB, as its connection string.',
    addressSchema('esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'),
  ),
}

export const dataSettings = {
  DATA_DIR: setting('The folder of this service for its own files.', z.string().min(1)),
}

/** The settings of a service that answers HTTP. */
export const httpSettings = (standard: { readonly port: number }) => ({
  HOST: setting(
    'The address to listen on; absent: 127.0.0.1 and ::1. AUTH_MODE=local allows loopback only.',
    z.string().min(1).optional(),
  ),
  PORT: setting('The port to listen on.', portSchema.prefault(String(standard.port))),
  PUBLIC_PORT: setting(
    'The public port that Host headers name; absent: PORT. AUTH_MODE=local refuses other ports.',
    portSchema.optional(),
  ),
  HTTP_BODY_LIMIT: sizeSetting('The largest JSON body; uploads have limits of their own.', '1MiB'),
  HTTP_REQUEST_TIMEOUT: durationSetting('The longest time that a request may take to arrive.', '5m'),
  HTTP_MAX_CONNECTIONS: integerSetting('Connections beyond this are refused.', 5_000, { min: 1 }),
})
export type HttpSettings = z.infer<z.ZodObject<ReturnType<typeof httpSettings>>>
