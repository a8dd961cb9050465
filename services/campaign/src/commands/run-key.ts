// The key of the message ids of a run.
import { randomBytes } from 'node:crypto'

const RUN_KEY_BYTES = 32

export const newRunKey = (): string => randomBytes(RUN_KEY_BYTES).toString('base64')
