// The tables of reporting: all that a report shows, rebuilt from the event store at will.

export const REPORTING_VERSION = 1

export const reportingSchema = [
  `create table campaigns (
    campaign_id integer primary key,
    tenant text not null,
    owner_id text not null,
    title text not null,
    message text not null,
    status text not null,
    total integer not null default 0,
    -- Chunks up to this one count; later ones belong to an import that is not through.
    last_chunk integer not null default -1,
    interval_ms integer,
    session_id text,
    totals text,
    created_at text not null,
    started_at text,
    completed_at text
  ) strict`,
  `create table recipients (
    campaign_id integer not null,
    position integer not null,
    chunk integer not null,
    phone text not null,
    spelling text not null,
    name text,
    variables text not null,
    state text not null default 'pending',
    reason text,
    attempt integer not null default 0,
    session_id text,
    sent_at text,
    delivered_at text,
    read_at text,
    primary key (campaign_id, position, chunk)
  ) strict, without rowid`,
  `create table sessions (
    session_id text primary key,
    number text
  ) strict`,
]
