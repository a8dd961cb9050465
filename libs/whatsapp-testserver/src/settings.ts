/** What a server can be told at its start. */

/** A span of milliseconds; a value in it belongs to each recipient. */
export type Span = readonly [from: number, to: number]

export interface ReceiptSettings {
  /** When the own phone confirms. */
  readonly sentMs: Span
  readonly deliveredMs: Span
  readonly readMs: Span
  /** The share of recipients who read. */
  readonly readShare: number
  /** The share of recipients whose receipts come from their LID. */
  readonly lidShare: number
}

export interface WhatsAppServerOptions {
  /** Default 0: a free one. */
  readonly port?: number
  /** Of the control door; default 0: a free one. */
  readonly controlPort?: number
  /** Where everything is kept; without it in memory. */
  readonly dataDir?: string
  /** Default `peyk`. The same seed gives the same keys, chances and delays. */
  readonly seed?: string
  /** Shorter delays: a QR is scanned after 0.5 s, receipts come at once. */
  readonly fast?: boolean
  /** How long after a QR was shown it is scanned; default 3000, fast 500. */
  readonly scanDelayMs?: number
  /** Whether a QR that is shown is scanned by itself; default true. */
  readonly autoScan?: boolean
  /** Whether pairing asks the client to change its secret, as the real servers do; default false. */
  readonly companionRefresh?: boolean
  readonly receipts?: Partial<ReceiptSettings>
}

export interface Settings {
  readonly port: number
  readonly controlPort: number
  readonly dataDir: string | undefined
  readonly seed: string
  readonly scanDelayMs: number
  readonly autoScan: boolean
  readonly companionRefresh: boolean
  readonly receipts: ReceiptSettings
}

const RECEIPTS: ReceiptSettings = {
  sentMs: [10, 40],
  deliveredMs: [50, 150],
  readMs: [1_000, 8_000],
  readShare: 0.6,
  lidShare: 0.3,
}

const FAST_RECEIPTS: ReceiptSettings = {
  ...RECEIPTS,
  sentMs: [1, 10],
  deliveredMs: [5, 30],
  readMs: [50, 300],
}

export function settingsOf(options: WhatsAppServerOptions): Settings {
  const fast = options.fast ?? false
  return {
    port: options.port ?? 0,
    controlPort: options.controlPort ?? 0,
    dataDir: options.dataDir,
    seed: options.seed ?? 'peyk',
    scanDelayMs: options.scanDelayMs ?? (fast ? 500 : 3_000),
    autoScan: options.autoScan ?? true,
    companionRefresh: options.companionRefresh ?? false,
    receipts: { ...(fast ? FAST_RECEIPTS : RECEIPTS), ...options.receipts },
  }
}
