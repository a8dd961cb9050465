// What each Idempotency-Key was used for: the same key with another request is told apart from a repeat.
import { createHash } from 'node:crypto'

import type { CommandId } from '@peyk/contracts'
import { type Nats, openBucket, WrongLastSequence } from '@peyk/messaging'
import { ProblemError } from '@peyk/service-kit'
import { z } from 'zod'

/** Remembers a request under its command's id; throws when another one is there. */
export type RequestMemory = (id: CommandId, request: unknown) => Promise<void>

const rememberedSchema = z.object({ request: z.string() })

export const createRequestMemory = (nats: Nats): RequestMemory => {
  const bucket = openBucket(nats, 'requests')
  return async (id, request) => {
    const remembered = { request: createHash('sha256').update(JSON.stringify(request)).digest('base64') }
    try {
      await bucket.create(id, remembered)
    } catch (error) {
      if (!(error instanceof WrongLastSequence)) throw error
      const known = rememberedSchema.safeParse((await bucket.get(id))?.json())
      if (known.success && known.data.request !== remembered.request)
        throw new ProblemError('idempotency_key_reused')
    }
  }
}
