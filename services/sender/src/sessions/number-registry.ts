// A WhatsApp number is linked once in an installation (SPEC S3): bucket `numbers`, keyed hash to session.
import { sessionIdSchema, type SessionId } from '@peyk/contracts'
import { type Bucket, WrongLastSequence } from '@peyk/messaging'
import { z } from 'zod'

import type { TenantKeys } from '../credentials/tenant-keys.ts'

const holderSchema = z.object({ sessionId: sessionIdSchema })

export interface NumberRegistry {
  /** Takes the number for a session; undefined when another session holds it. The answer is what `release` needs. */
  claim(phone: string, sessionId: SessionId): Promise<string | undefined>
  /** Frees the number if it is this session's. */
  release(key: string, sessionId: SessionId): Promise<void>
}

export const createNumberRegistry = (bucket: Bucket, keys: TenantKeys): NumberRegistry => {
  const holderOf = async (key: string) => {
    const entry = await bucket.get(key)
    return entry && { ...holderSchema.parse(entry.json()), revision: entry.revision }
  }
  return {
    claim: async (phone, sessionId) => {
      const key = await keys.hashNumber(phone)
      try {
        await bucket.create(key, { sessionId })
        return key
      } catch (error) {
        if (!(error instanceof WrongLastSequence)) throw error
        return (await holderOf(key))?.sessionId === sessionId ? key : undefined
      }
    },
    release: async (key, sessionId) => {
      const holder = await holderOf(key)
      if (holder?.sessionId === sessionId) await bucket.delete(key, { revision: holder.revision })
    },
  }
}
