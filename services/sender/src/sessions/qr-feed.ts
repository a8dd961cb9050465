// Shows the current QR of a session to the campaigns that asked for it, and takes it away (SPEC S2).
//
// A QR links an account: it lives in a stream in memory, for a minute, one a campaign. NATS forgets it at a restart, so
// it is published again whenever the connection comes back.
import {
  type CampaignId,
  feedInstant,
  headers,
  type LiveData,
  subjects,
  type TenantId,
} from '@peyk/contracts'
import { type Nats, type Publisher, purgeSubject } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'
import { setTimeout as sleep } from 'node:timers/promises'

const AGAIN_AFTER_MS = 500

export interface Qr {
  readonly pngDataUrl: string
  readonly expiresAt: Date
}

interface ShownQr extends Qr {
  readonly shownAt: Date
}

export class QrFeed {
  readonly #nats: Nats
  readonly #publisher: Publisher
  readonly #tenant: TenantId
  readonly #log: Log
  readonly #offStatus: () => void
  readonly #closed = new AbortController()
  readonly #campaigns = new Set<CampaignId>()
  /** What stands in the stream now, by campaign, as far as this process knows. */
  readonly #standing = new Map<CampaignId, ShownQr>()
  /** Where something may stand: a publish without an answer counts too. */
  readonly #touched = new Set<CampaignId>()
  #qr: ShownQr | undefined
  #working: Promise<void> | undefined
  #isDirty = false

  constructor(options: {
    readonly nats: Nats
    readonly publisher: Publisher
    readonly tenant: TenantId
    readonly log: Log
  }) {
    this.#nats = options.nats
    this.#publisher = options.publisher
    this.#tenant = options.tenant
    this.#log = options.log
    this.#offStatus = options.nats.onStatus((status) => {
      if (status !== 'connected') return
      this.#standing.clear()
      this.#work()
    })
  }

  show(qr: Qr): void {
    this.#qr = { ...qr, shownAt: new Date() }
    this.#work()
  }

  showTo(campaigns: readonly CampaignId[]): void {
    for (const campaign of campaigns) this.#campaigns.add(campaign)
    this.#work()
  }

  /** The code is used or over. */
  clear(): void {
    this.#qr = undefined
    this.#work()
  }

  /** Takes the code away and ends. */
  async close(): Promise<void> {
    this.clear()
    this.#offStatus()
    this.#closed.abort()
    await this.#working
  }

  #work(): void {
    this.#isDirty = true
    this.#working ??= this.#untilClean().finally(() => {
      this.#working = undefined
    })
  }

  async #untilClean(): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false
      try {
        await this.#bringUpToDate()
      } catch (error) {
        // A code lives for a minute at most; closing does not wait for NATS.
        if (this.#closed.signal.aborted) return
        this.#log.debug({ error }, 'qr_not_published')
        this.#isDirty = true
        await sleep(AGAIN_AFTER_MS, undefined, { signal: this.#closed.signal }).catch(() => undefined)
      }
    }
  }

  async #bringUpToDate(): Promise<void> {
    const qr = this.#qr
    if (qr !== undefined && qr.expiresAt.getTime() > Date.now()) {
      for (const campaign of this.#campaigns)
        if (this.#standing.get(campaign) !== qr) await this.#publish(campaign, qr)
      return
    }
    for (const campaign of this.#touched) {
      await purgeSubject(this.#nats, 'LIVE_QR', subjects.live(this.#tenant, campaign, 'qr_code'))
      this.#standing.delete(campaign)
      this.#touched.delete(campaign)
    }
  }

  async #publish(campaign: CampaignId, qr: ShownQr): Promise<void> {
    const data: LiveData<'qr_code'> = { qrCode: qr.pngDataUrl, timestamp: feedInstant(qr.shownAt) }
    this.#touched.add(campaign)
    await this.#publisher.publish(subjects.live(this.#tenant, campaign, 'qr_code'), data, {
      headers: { [headers.expires]: qr.expiresAt.toISOString(), [headers.at]: qr.shownAt.toISOString() },
      timeoutMs: 2_000,
    })
    this.#standing.set(campaign, qr)
  }
}
