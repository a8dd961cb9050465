import type { Nats } from '../connection.ts'
import type { StoredMessage } from '../message.ts'

export interface StreamState {
  readonly name: string
  /** The creation time: another one means another stream, whose sequences start again. */
  readonly epoch: string
  readonly messages: number
  readonly bytes: number
  readonly firstSequence: number
  readonly lastSequence: number
}

/** The stream's state; throws NoStream. */
export function streamInfo(nats: Nats, stream: string): Promise<StreamState> {
  return Promise.reject(new Error(nats.name + stream))
}

/** The stream's creation time; throws NoStream. */
export const streamEpoch = async (nats: Nats, stream: string): Promise<string> =>
  (await streamInfo(nats, stream)).epoch

/** Deletes a subject's messages, all or all but the newest `keep`; tells how many went. */
export function purgeSubject(
  nats: Nats,
  stream: string,
  subject: string,
  options: { keep?: number } = {},
): Promise<number> {
  return Promise.reject(new Error(nats.name + stream + subject + String(options.keep)))
}

/** The newest message of a subject, read from the leader: never stale. */
export function lastMessageOf(
  nats: Nats,
  stream: string,
  subject: string,
): Promise<StoredMessage | undefined> {
  return Promise.reject(new Error(nats.name + stream + subject))
}

/** The message with this sequence, read from the leader. */
export function messageAt(nats: Nats, stream: string, sequence: number): Promise<StoredMessage | undefined> {
  return Promise.reject(new Error(nats.name + stream + String(sequence)))
}

/** Which subjects a stream holds now, with the number of messages of each. */
export function readSubjects(nats: Nats, stream: string, filter = '>'): Promise<ReadonlyMap<string, number>> {
  return Promise.reject(new Error(nats.name + stream + filter))
}
