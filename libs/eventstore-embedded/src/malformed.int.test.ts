import { randomUUID } from 'node:crypto'

import timestampModule from 'google-protobuf/google/protobuf/timestamp_pb.js'
import { Client, credentials, status } from '@grpc/grpc-js'
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { identifierOf } from './grpc/codec.ts'
import { GoogleEmpty, shared, streams, StreamsService } from './grpc/protocol.ts'
import type { Shared, Streams } from './grpc/protocol.ts'
import { startEventStoreServer } from './start.ts'
import type { EventStoreServer } from './start.ts'
import { connect, counted, countsOf } from './testing/client.ts'

type BatchCall = ClientDuplexStream<Streams.BatchAppendReq, Streams.BatchAppendResp>

let server: EventStoreServer
let raw: Client

beforeAll(async () => {
  server = await startEventStoreServer()
  raw = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
})

afterAll(async () => {
  raw.close()
  await server.close()
})

const uuid = (text: string = randomUUID()): Shared.UUID => new shared.UUID().setString(text)

const wholeOptions = (stream: string) => {
  const options = new streams.BatchAppendReq.Options()
  options.setStreamIdentifier(identifierOf(stream))
  return options.setAny(new GoogleEmpty())
}

/** Every field of a proposed event may be left out or wrong. */
const proposed = (id: Shared.UUID | undefined, metadata: Readonly<Record<string, string>>) => {
  const message = new streams.BatchAppendReq.ProposedMessage().setId(id)
  for (const [key, value] of Object.entries(metadata)) message.getMetadataMap().set(key, value)
  return message
}

const { Timestamp } = timestampModule

const GOOD = { type: 'Counted', 'content-type': 'application/json' }

function batchCall(): BatchCall {
  const { path, requestSerialize, responseDeserialize } = StreamsService.batchAppend
  return raw.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
}

/** What the server answers to one message of a BatchAppend. */
async function answerTo(message: Streams.BatchAppendReq): Promise<string> {
  const call = batchCall()
  call.write(message)
  for await (const response of call as AsyncIterable<Streams.BatchAppendResp>) {
    call.cancel()
    const error = response.getError()
    return error?.getDetails()?.getTypeName() ?? 'success'
  }
  throw new Error('no answer')
}

function request(
  stream: string,
  ...events: Streams.BatchAppendReq.ProposedMessage[]
): Streams.BatchAppendReq {
  const message = new streams.BatchAppendReq().setCorrelationId(uuid()).setIsFinal(true)
  return message.setOptions(wholeOptions(stream)).setProposedMessagesList(events)
}

const BAD_REQUEST = 'event_store.client.BadRequest'

describe('a malformed BatchAppend is refused, and the call goes on', () => {
  test.each([
    ['an id that is no UUID', request('a', proposed(uuid('not-a-uuid'), GOOD))],
    ['no id', request('a', proposed(undefined, GOOD))],
    ['no type', request('a', proposed(uuid(), { 'content-type': 'application/json' }))],
    ['no content type', request('a', proposed(uuid(), { type: 'Counted' }))],
    ['no stream', request('', proposed(uuid(), GOOD))],
    ['$all as the stream', request('$all', proposed(uuid(), GOOD))],
    ['no correlation id', request('a', proposed(uuid(), GOOD)).setCorrelationId(undefined)],
  ])('%s', async (_, message) => {
    expect(await answerTo(message)).toBe(BAD_REQUEST)
  })

  test('one of two events is bad: neither is written', async () => {
    expect(await answerTo(request('half', proposed(uuid(), GOOD), proposed(uuid('x'), GOOD)))).toBe(
      BAD_REQUEST,
    )
    await using connection = connect(server.url)
    await expect(countsOf(connection.client.readStream('half'))).rejects.toThrow(/not found/)
  })

  test('an append that is too late is not written', async () => {
    const message = request('late', proposed(uuid(), GOOD))
    message.getOptions()?.setDeadline(Timestamp.fromDate(new Date(Date.now() - 1_000)))
    expect(await answerTo(message)).toBe('event_store.client.Timeout')
  })

  test('an append whose last chunk never comes is answered at its deadline', async () => {
    const message = request('unfinished', proposed(uuid(), GOOD)).setIsFinal(false)
    message.getOptions()?.setDeadline(Timestamp.fromDate(new Date(Date.now() + 100)))
    expect(await answerTo(message)).toBe('event_store.client.Timeout')
  })
})

describe('a malformed read is refused', () => {
  const refusal = (options: Streams.ReadReq.Options | undefined) =>
    new Promise<ServiceError>((resolve) => {
      const { path, requestSerialize, responseDeserialize } = StreamsService.read
      const message = new streams.ReadReq().setOptions(options)
      raw
        .makeServerStreamRequest(path, requestSerialize, responseDeserialize, message)
        .on('data', () => undefined)
        .on('error', resolve)
    })
  const form = () => new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty())
  const ofAll = () =>
    new streams.ReadReq.Options().setUuidOption(form()).setAll(new streams.ReadReq.Options.AllOptions())

  test.each([
    ['without options', undefined],
    ['without a form of ids', new streams.ReadReq.Options()],
    ['of nothing', new streams.ReadReq.Options().setUuidOption(form())],
    ['with an empty filter', ofAll().setFilter(new streams.ReadReq.Options.FilterOptions())],
    [
      'with a filter that is no regular expression',
      ofAll().setFilter(
        new streams.ReadReq.Options.FilterOptions().setEventType(
          new streams.ReadReq.Options.FilterOptions.Expression().setRegex('('),
        ),
      ),
    ],
  ])('%s', async (_, options) => {
    expect((await refusal(options)).code).toBe(status.INVALID_ARGUMENT)
  })
})

test('after all that the server serves as before', async () => {
  await using connection = connect(server.url)
  await connection.client.appendToStream('after', counted(1))
  expect(await countsOf(connection.client.readStream('after'))).toEqual([1])
})
