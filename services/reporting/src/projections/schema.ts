// The tables of reporting: all that a report shows, rebuilt from the event store at will. Instants are milliseconds.

export const REPORTING_VERSION = 3

export const reportingSchema = [
  `create table campaigns (
    campaign_id integer primary key,
    tenant text not null,
    owner_id text not null,
    title text not null,
    message text not null,
    status text not null,
    is_deleted integer not null default 0,
    total integer not null default 0,
    -- Chunks up to this one count; later ones belong to an import that is not through.
    last_chunk integer not null default -1,
    interval_ms integer,
    session_id text,
    totals text,
    created_at text not null,
    started_at text,
    completed_at text,
    first_sent_at integer,
    last_sent_at integer
  ) strict`,
  // People apart from what became of them: outcomes are many, and their rows are narrow.
  `create table recipients (
    campaign_id integer not null,
    position integer not null,
    chunk integer not null,
    phone text not null,
    spelling text not null,
    name text,
    variables text not null,
    primary key (campaign_id, position, chunk)
  ) strict, without rowid`,
  // Who has no row is pending.
  `create table outcomes (
    campaign_id integer not null,
    position integer not null,
    state text not null,
    reason text,
    attempt integer not null,
    session_id text,
    sent_at integer,
    delivered_at integer,
    read_at integer,
    replied_at integer,
    primary key (campaign_id, position)
  ) strict, without rowid`,
  // How many rows of outcomes there are of each kind, so that a report does not count them.
  `create table counts (
    campaign_id integer not null,
    state text not null,
    reason text not null,
    session_id text not null,
    count integer not null,
    primary key (campaign_id, state, reason, session_id)
  ) strict, without rowid`,
  // How many recipients reached each step on a day, by the number that sent.
  `create table daily (
    tenant text not null,
    day text not null,
    session_id text not null,
    step text not null,
    count integer not null,
    primary key (tenant, day, session_id, step)
  ) strict, without rowid`,
  // Links to reports that nobody revoked.
  `create table shares (
    campaign_id integer not null,
    share_id text not null,
    key text not null,
    expires_at text not null,
    primary key (campaign_id, share_id)
  ) strict, without rowid`,
  `create table sessions (
    session_id text primary key,
    tenant text not null,
    owner_id text not null,
    state text not null,
    number text,
    disconnects integer not null default 0,
    changed_at text not null,
    revision integer not null
  ) strict`,
]
