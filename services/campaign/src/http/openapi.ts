// The description of the API, OpenAPI 3.1: made from the routes as they were added and from the contracts.
import { importRecipientsRequest, problems, problemSchema } from '@peyk/contracts'
import { z } from 'zod'

import { routeDocs, type RouteDocs } from './route-docs.ts'
import type { AddedRoute, Routes } from './routes.ts'

type Json = Readonly<Record<string, unknown>>

/** What goes in, or what comes out; refinements that JSON Schema cannot say are left to the problems. */
const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const described = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return Object.fromEntries(Object.entries(described).filter(([name]) => name !== '$schema'))
}

/** Serves the description of all routes that were added before, and of itself. */
export const addOpenApi = (routes: Routes): void => {
  const text = () => (document ??= JSON.stringify(openApiOf(routes.added)))
  let document: string | undefined = undefined
  routes.add('GET', '/api/openapi.json', { access: 'public' }, () => ({
    stream: text(),
    headers: { 'content-type': 'application/json; charset=utf-8' },
  }))
}

export const openApiOf = (routes: readonly AddedRoute[]): Json => {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/gu, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Peyk: campaigns', version: '1', description: 'Campaigns, recipients, WhatsApp numbers.' },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      responses: { Problem: problemResponse },
      schemas: { Problem: schemaOf(problemSchema, 'output') },
    },
  }
}

const operationOf = (route: AddedRoute): Json => {
  const { method, path, options } = route
  const docs = routeDocs[`${method} ${path}`]
  if (docs === undefined) throw new TypeError(`${method} ${path} does not say what it is (openapi 1)`)
  const body = requestBodyOf(route)
  return {
    summary: docs.summary,
    operationId: operationIdOf(route),
    ...(options.access === 'public' ? { security: [] } : {}),
    parameters: parametersOf(route),
    ...(body === undefined ? {} : { requestBody: { content: body } }),
    responses: { ...repliesOf(docs), default: { $ref: '#/components/responses/Problem' } },
  }
}

const operationIdOf = ({ method, path }: AddedRoute): string =>
  `${method.toLowerCase()}${path
    .split(/[^a-zA-Z]+/u)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`

const parametersOf = ({ method, options }: AddedRoute): readonly Json[] => [
  ...parametersIn('path', options.params),
  ...parametersIn('query', options.query),
  ...(method === 'GET' ? [] : commandHeaders),
]

const commandHeaders: readonly Json[] = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same request with the same key is done once.',
    schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
  },
  {
    name: 'If-Match',
    in: 'header',
    description: 'The ETag that the campaign must still have.',
    schema: { type: 'string' },
  },
]

const propertiesSchema = z.object({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
})

const parametersIn = (place: 'path' | 'query', schema: z.ZodType | undefined): readonly Json[] => {
  if (schema === undefined) return []
  const { properties, required } = propertiesSchema.parse(schemaOf(schema, 'input'))
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: each,
  }))
}

const requestBodyOf = ({ options }: AddedRoute): Json | undefined => {
  if (options.body !== undefined) return { 'application/json': { schema: schemaOf(options.body, 'input') } }
  if (options.upload === undefined) return undefined
  const file = { type: 'string', contentMediaType: 'application/octet-stream' }
  return {
    'multipart/form-data': { schema: { type: 'object', properties: { recipientsFile: file } } },
    'application/json': { schema: schemaOf(importRecipientsRequest, 'input') },
  }
}

const repliesOf = ({ replies }: RouteDocs): Json =>
  Object.fromEntries(
    Object.entries(replies).map(([status, reply]) => [
      status,
      {
        description: status === '202' ? 'Taken; it goes on' : 'Done',
        content:
          reply instanceof z.ZodType
            ? { 'application/json': { schema: schemaOf(reply, 'output') } }
            : { [reply.mediaType]: {} },
      },
    ]),
  )

const problemResponse: Json = {
  description: `A problem (RFC 9457) with one of the codes: ${Object.keys(problems).join(', ')}`,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}
