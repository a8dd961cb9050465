/** Baileys logs keys and phone numbers at every level, so it gets a logger that says nothing. */
import type { UserFacingSocketConfig } from '@whiskeysockets/baileys'

const nothing = () => undefined

export const silentLogger: NonNullable<UserFacingSocketConfig['logger']> = {
  level: 'silent',
  child: () => silentLogger,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
}
