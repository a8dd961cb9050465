// The tables of the ledger's index: a projection of the event store, thrown away and rebuilt at will. No phone numbers.

export const LEDGER_VERSION = 4

export const ledgerSchema = [
  `create table campaigns (
    campaign_id integer primary key,
    tenant text not null,
    owner_id text not null,
    title text not null,
    message text not null,
    status text not null,
    total integer not null default 0,
    interval_ms integer,
    schedule text,
    session_id text,
    run_key text,
    attempt integer not null default 1,
    -- The attempt whose recipients are all pending again; a retry sends nothing before.
    reopened integer not null default 1,
    retry_unconfirmed integer not null default 0,
    epoch text,
    dispatch_epoch text,
    not_before text,
    pause_reason text,
    started_at text,
    completed_at text,
    totals text,
    dispatched_to integer not null default 0,
    outcomes_revision integer not null default -1,
    rest_skipped integer not null default 0,
    is_deleted integer not null default 0,
    correlation_id text,
    traceparent text,
    changed_at text not null
  ) strict`,
  `create index campaigns_session on campaigns (session_id)`,
  `create index campaigns_status on campaigns (status)`,
  `create table chunks (
    campaign_id integer not null,
    chunk integer not null,
    first_position integer not null,
    size integer not null,
    counts integer not null default 0,
    primary key (campaign_id, chunk)
  ) strict, without rowid`,
  `create table recipients (
    campaign_id integer not null,
    position integer not null,
    attempt integer not null,
    state text not null,
    message_id text not null,
    primary key (campaign_id, position)
  ) strict, without rowid`,
  `create index recipients_message on recipients (message_id)`,
  `create table sessions (
    session_id text primary key,
    tenant text not null,
    owner_id text not null,
    state text not null,
    method text not null,
    qr_for text not null
  ) strict`,
  `create table test_sends (
    test_id text primary key,
    campaign_id integer not null,
    message_id text not null,
    correlation_id text not null,
    traceparent text,
    requested_at text not null
  ) strict`,
]
