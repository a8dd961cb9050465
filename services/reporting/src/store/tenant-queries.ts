// What is asked of the rows about a whole tenant: its days, and its numbers.
import type { NumberHealthReply, TenantId, UsageReply, UserId } from '@peyk/contracts'
import type { ReadModelDatabase } from '@peyk/read-model'

export interface TenantQueries {
  /** Both days included. */
  usage(tenant: TenantId, from: string, to: string): UsageReply['days']
  /** Of one owner, or of all. */
  numbers(tenant: TenantId, ownerId: UserId | undefined): NumberHealthReply['numbers']
}

const stepCounts = ['sent', 'delivered', 'read', 'replied', 'failed', 'skipped', 'unconfirmed']
  .map((step) => `ifnull(sum(count) filter (where step = '${step}'), 0) as ${step}`)
  .join(', ')

export const tenantQueries = (database: ReadModelDatabase): TenantQueries => {
  const usage = database.prepare<[string, string, string], UsageReply['days'][number]>(
    `select day, ${stepCounts} from daily where tenant = ? and day between ? and ? group by day order by day`,
  )
  const numbers = database.prepare<
    [{ tenant: string; ownerId: string | null }],
    NumberHealthReply['numbers'][number]
  >(
    `select session_id as sessionId, number, state, changed_at as since, disconnects, ${stepCounts}
     from sessions left join daily using (tenant, session_id)
     where tenant = @tenant and (@ownerId is null or owner_id = @ownerId)
     group by session_id order by session_id`,
  )
  return {
    usage: (tenant, from, to) => usage.all(tenant, from, to),
    numbers: (tenant, ownerId) => numbers.all({ tenant, ownerId: ownerId ?? null }),
  }
}
