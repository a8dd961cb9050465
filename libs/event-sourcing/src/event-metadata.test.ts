import { afterEach, expect, test } from '@jest/globals'
import { propagation } from '@opentelemetry/api'

import { currentTraceparent } from './event-metadata.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

afterEach(() => propagation.disable())

test('the trace of the active span goes along', () => {
  propagation.setGlobalPropagator({
    inject: (_context, carrier, setter) => setter.set(carrier, 'traceparent', traceparent),
    extract: (context) => context,
    fields: () => ['traceparent'],
  })
  expect(currentTraceparent()).toBe(traceparent)
})

test('without tracing there is none', () => {
  expect(currentTraceparent()).toBeUndefined()
})
