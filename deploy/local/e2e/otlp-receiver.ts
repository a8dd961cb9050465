// A collector for tests: takes OTLP over HTTP, and keeps the spans.
import { once } from 'node:events'
import { createServer } from 'node:http'

import protobuf from 'protobufjs'

export interface ReceivedSpan {
  readonly service: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first of a trace. */
  readonly parentSpanId: string
  readonly attributes: Readonly<Record<string, string>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly events: readonly string[]
}

export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
}

/** As much of opentelemetry/proto/trace/v1 as tests read; what is unknown is skipped. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
    repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13;
  }
  message Event { string name = 2; }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`)
const Request = root.lookupType('Request')

interface Decoded {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeSpans: readonly { readonly spans: readonly DecodedSpan[] }[]
  }[]
}

interface KeyValue {
  readonly key: string
  readonly value?: Readonly<Record<string, string | number | boolean>>
}

interface DecodedSpan {
  readonly name: string
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly parentSpanId: Uint8Array
  readonly attributes: readonly KeyValue[]
  readonly events: readonly { readonly name: string }[]
  readonly links: readonly { readonly traceId: Uint8Array; readonly spanId: Uint8Array }[]
}

export const startOtlpReceiver = async (): Promise<OtlpReceiver> => {
  const spans: ReceivedSpan[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      spans.push(...readSpans(Buffer.concat(parts)))
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    spans,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const readSpans = (body: Uint8Array): ReceivedSpan[] => {
  const decoded = Request.toObject(Request.decode(body), {
    arrays: true,
    longs: String,
    bytes: Buffer,
  }) as Decoded
  return decoded.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = attributesOf(resource.attributes)['service.name'] ?? ''
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => readSpan(service, span)))
  })
}

const readSpan = (service: string, span: DecodedSpan): ReceivedSpan => ({
  service,
  name: span.name,
  traceId: hex(span.traceId),
  spanId: hex(span.spanId),
  parentSpanId: hex(span.parentSpanId),
  attributes: attributesOf(span.attributes),
  links: span.links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
  events: span.events.map(({ name }) => name),
})

const attributesOf = (list: readonly KeyValue[]): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value = {} }) => [key, String(Object.values(value)[0] ?? '')]))

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')
