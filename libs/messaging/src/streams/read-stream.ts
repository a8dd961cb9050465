// What a stream holds, read from its leader.
import type { StreamInfo } from 'nats'

import type { Nats } from '../connection.ts'
import { NoStream } from '../errors.ts'
import { apiCode, askJetStream, isRefusal } from '../jetstream-api.ts'
import { decodeJson, decodeRawHeaders, type StoredMessage } from '../message.ts'

export interface StreamState {
  readonly name: string
  /** The creation time: another one means another stream, whose sequences start again. */
  readonly epoch: string
  readonly messages: number
  readonly bytes: number
  /** -1: no limit. */
  readonly maxBytes: number
  readonly consumers: number
  /** When its oldest message was stored; undefined when it is empty. */
  readonly oldestAt: Date | undefined
  readonly firstSequence: number
  readonly lastSequence: number
  readonly replicas: number
}

export interface ReadOptions {
  readonly timeoutMs?: number
}

/** The stream's state; throws NoStream. */
export async function streamInfo(
  nats: Nats,
  stream: string,
  options: ReadOptions = {},
): Promise<StreamState> {
  const info = await ask<StreamInfo>(nats, stream, `STREAM.INFO.${stream}`, undefined, options)
  return {
    name: stream,
    epoch: info.created,
    messages: info.state.messages,
    bytes: info.state.bytes,
    maxBytes: info.config.max_bytes,
    consumers: info.state.consumer_count,
    oldestAt: info.state.messages === 0 ? undefined : new Date(info.state.first_ts),
    firstSequence: info.state.first_seq,
    lastSequence: info.state.last_seq,
    replicas: info.config.num_replicas,
  }
}

/** The stream's creation time; throws NoStream. */
export const streamEpoch = async (nats: Nats, stream: string): Promise<string> =>
  (await streamInfo(nats, stream)).epoch

/** Deletes a subject's messages: all, all but the newest `keep`, or all up to a sequence; tells how many went. */
export async function purgeSubject(
  nats: Nats,
  stream: string,
  subject: string,
  options: { readonly keep?: number } | { readonly throughSequence: number } = {},
): Promise<number> {
  const limit =
    'throughSequence' in options
      ? { seq: options.throughSequence + 1 }
      : options.keep !== undefined && options.keep > 0 && { keep: options.keep }
  const body = { filter: subject, ...limit }
  const { purged } = await ask<{ purged: number }>(nats, stream, `STREAM.PURGE.${stream}`, body)
  return purged
}

/** Deletes one message; no error if it is not there. */
export async function deleteMessage(nats: Nats, stream: string, sequence: number): Promise<void> {
  try {
    await ask(nats, stream, `STREAM.MSG.DELETE.${stream}`, { seq: sequence })
  } catch (error) {
    if (!isRefusal(error, apiCode.noMessage)) throw error
  }
}

/** The newest message of a subject, read from the leader: never stale. */
export const lastMessageOf = (
  nats: Nats,
  stream: string,
  subject: string,
): Promise<StoredMessage | undefined> => getMessage(nats, stream, { last_by_subj: subject })

/** The message with this sequence, read from the leader. */
export const messageAt = (nats: Nats, stream: string, sequence: number): Promise<StoredMessage | undefined> =>
  getMessage(nats, stream, { seq: sequence })

/** The first message at or after a sequence whose subject matches the pattern, read from the leader. */
export const nextMessageOf = (
  nats: Nats,
  stream: string,
  subject: string,
  sequence: number,
  options: ReadOptions = {},
): Promise<StoredMessage | undefined> =>
  getMessage(nats, stream, { seq: sequence, next_by_subj: subject }, options)

/** Which subjects a stream holds now, with the number of messages of each. */
export async function readSubjects(
  nats: Nats,
  stream: string,
  filter = '>',
): Promise<ReadonlyMap<string, number>> {
  const subjects = new Map<string, number>()
  for (;;) {
    const body = { subjects_filter: filter, offset: subjects.size }
    const info = await ask<SubjectsPage>(nats, stream, `STREAM.INFO.${stream}`, body)
    const page = Object.entries(info.state.subjects ?? {})
    for (const [subject, count] of page) subjects.set(subject, count)
    if (page.length === 0 || subjects.size >= (info.total ?? 0)) return subjects
  }
}

interface SubjectsPage {
  readonly total?: number
  readonly state: { readonly subjects?: Readonly<Record<string, number>> }
}

interface StoredAnswer {
  readonly message: {
    readonly subject: string
    readonly seq: number
    readonly time: string
    readonly hdrs?: string
    readonly data?: string
  }
}

async function getMessage(
  nats: Nats,
  stream: string,
  query: object,
  options: ReadOptions = {},
): Promise<StoredMessage | undefined> {
  try {
    const { message } = await ask<StoredAnswer>(nats, stream, `STREAM.MSG.GET.${stream}`, query, options)
    const data = Buffer.from(message.data ?? '', 'base64')
    return {
      subject: message.subject,
      sequence: message.seq,
      storedAt: new Date(message.time),
      headers: decodeRawHeaders(Buffer.from(message.hdrs ?? '', 'base64').toString()),
      data,
      json: () => decodeJson(data),
    }
  } catch (error) {
    if (isRefusal(error, apiCode.noMessage)) return undefined
    throw error
  }
}

async function ask<T>(
  nats: Nats,
  stream: string,
  call: string,
  body: object | undefined,
  options: ReadOptions = {},
): Promise<T> {
  try {
    return await askJetStream<T>(nats, call, body, options)
  } catch (error) {
    if (isRefusal(error, apiCode.streamNotFound)) throw new NoStream(stream)
    throw error
  }
}
