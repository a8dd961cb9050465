/** The channel over Baileys, WhatsApp's web protocol. */
import type { WAVersion } from '@whiskeysockets/baileys'

import type { Channel } from '../channel.ts'
import { BaileysConnection, type ConnectionSettings } from './baileys-connection.ts'
import { ClientVersion, latestVersionOnline, type LatestVersion } from './client-version.ts'
import { looseBaileysTimers } from './loose-timers.ts'
import { quietLibsignal } from './quiet-libsignal.ts'
import { trustServerRoot } from './server-trust.ts'

const WHATSAPP_URL = 'wss://web.whatsapp.com/ws/chat'

export interface BaileysChannelOptions {
  /** Default: the real WhatsApp. */
  readonly url?: string
  /** The public root key of the server, base64; default: WhatsApp's own. For the test server. */
  readonly rootCa?: string
  /** A certificate (PEM) to trust for uploads, instead of the system's. For the test server. */
  readonly mediaCa?: string
  /** The client version to start with; default: the one built into Baileys. */
  readonly version?: WAVersion
  /** Finds a newer version when WhatsApp calls ours outdated. */
  readonly latestVersion?: LatestVersion
  /** How long a send may take until it is handed over, and then until its ack. */
  readonly sendDeadlineMs?: number
  readonly queryTimeoutMs?: number
  /** How long a connection may take until it is open or offers to link. */
  readonly openTimeoutMs?: number
  readonly keepAliveMs?: number
  /** How long each QR lives; WhatsApp's own times unless given. */
  readonly qrTimeoutMs?: number
}

export function baileysChannel(options: BaileysChannelOptions = {}): Channel {
  quietLibsignal()
  looseBaileysTimers()
  trustServerRoot(options.rootCa === undefined ? undefined : Buffer.from(options.rootCa, 'base64'))
  const settings: ConnectionSettings = {
    url: options.url ?? WHATSAPP_URL,
    version: new ClientVersion(options.version, options.latestVersion ?? latestVersionOnline),
    sendDeadlineMs: options.sendDeadlineMs ?? 15_000,
    queryTimeoutMs: options.queryTimeoutMs ?? 15_000,
    openTimeoutMs: options.openTimeoutMs ?? 60_000,
    keepAliveMs: options.keepAliveMs ?? 30_000,
    qrTimeoutMs: options.qrTimeoutMs,
    mediaCa: options.mediaCa,
  }
  return { open: (openOptions) => new BaileysConnection(settings, openOptions) }
}
