// The files that are made of the contracts, relative to deploy/contracts.
import { asyncApi } from './asyncapi.ts'
import { eventSchemas, type JsonSchema, liveSchemas } from './schemas.ts'

const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`

const schemaFiles = (
  folder: string,
  schemas: Readonly<Record<string, JsonSchema>>,
): readonly [string, string][] =>
  Object.entries(schemas).map(([name, schema]) => [
    `schemas/${folder}/${name}.json`,
    json({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: name, ...schema }),
  ])

export const contractFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ...schemaFiles('events', { ...eventSchemas.campaign, ...eventSchemas.session }),
    ...schemaFiles('live', liveSchemas),
    ['asyncapi.json', json(asyncApi)],
  ])

/** The shapes of the last release, which may not break. */
export const RELEASED = 'released.json'
export const shapes = () => ({ ...eventSchemas, live: liveSchemas })
export const releasedText = (): string => json(shapes())
