/** Addresses: a phone number, and the "LID" that hides it. Here the one can be computed from the other. */
import { jidDecode } from '@whiskeysockets/baileys'

const LID_PREFIX = '7'

/** A user's address without its device. */
export interface Address {
  readonly phone: string
  readonly device: number
  readonly isLid: boolean
}

/** Reads an address; undefined when it is no person's (a group, a status, rubbish). */
export function readJid(jid: string | undefined): Address | undefined {
  const decoded = jidDecode(jid)
  if (!decoded || !/^\d+$/.test(decoded.user)) return undefined
  const isLid = decoded.server === 'lid'
  if (!isLid && decoded.server !== 's.whatsapp.net') return undefined
  const phone = isLid ? reverse(decoded.user.slice(LID_PREFIX.length)) : decoded.user
  return { phone, device: decoded.device ?? 0, isLid }
}

export function phoneJid(phone: string, device = 0): string {
  return `${phone}${suffixOf(device)}@s.whatsapp.net`
}

/** The hidden form. It does not contain the number, so that a search for numbers does not find it. */
export function lidJid(phone: string, device = 0): string {
  return `${LID_PREFIX}${reverse(phone)}${suffixOf(device)}@lid`
}

function suffixOf(device: number): string {
  return device === 0 ? '' : `:${device}`
}

function reverse(digits: string): string {
  return Array.from(digits).reverse().join('')
}
