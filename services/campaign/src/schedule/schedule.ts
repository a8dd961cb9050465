// Scheduled starts: due times are read again each second, so that no timer is longer and a stepped clock harms nobody.
import { setTimeout as delay } from 'node:timers/promises'

import type { Epoch } from '@peyk/contracts'
import type { Log } from '@peyk/messaging'

import type { SystemCommands } from '../background/commands.ts'
import { newRunKey } from '../commands/run-key.ts'
import { dueAtMs } from '../domain/campaign/schedule.ts'
import type { CampaignRow, LedgerModel } from '../ledger/model.ts'

export interface ScheduleOptions {
  readonly model: Pick<LedgerModel, 'campaignsIn'>
  readonly commands: Pick<SystemCommands, 'campaign'>
  readonly epoch: () => Epoch
  /** A start that is later than this was missed: its schedule says what becomes of it. */
  readonly graceMs: number
  readonly now: () => number
  readonly log: Log
}

const LOOK_EVERY_MS = 1_000

/** Starts what is due until the signal aborts. A campaign decides itself: being asked twice starts it once. */
export const runSchedule = async (options: ScheduleOptions, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    try {
      await startDueCampaigns(options)
    } catch (error) {
      options.log.error({ error }, 'scheduled_starts_failed')
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Everything that is due at this moment. */
export const startDueCampaigns = async (options: ScheduleOptions): Promise<void> => {
  const nowMs = options.now()
  for (const row of options.model.campaignsIn(['SCHEDULED']))
    if (row.schedule !== undefined && !row.isDeleted && dueAtMs(row.schedule) <= nowMs)
      await startDue(options, row, nowMs)
}

const startDue = async (
  { commands, epoch, graceMs, log }: ScheduleOptions,
  { tenant, campaignId }: CampaignRow,
  nowMs: number,
): Promise<void> => {
  const now = new Date(nowMs).toISOString()
  try {
    await commands.campaign(tenant, campaignId, {
      type: 'StartDue',
      data: { runKey: newRunKey(), epoch: epoch(), now, graceMs },
    })
  } catch (error) {
    log.error({ campaignId, error }, 'scheduled_start_failed')
  }
}
