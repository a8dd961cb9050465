// The tables of the catalogue: what lists and replies show. Built from events, thrown away at will.

export const CATALOGUE_VERSION = 3

export const catalogueSchema = [
  `create table campaigns (
    campaign_id integer primary key,
    tenant text not null,
    owner_id text not null,
    title text not null,
    folded_title text not null,
    -- Title and message, folded, without spaces: what a search looks into.
    searched text not null,
    -- Sorts as a Persian reader expects.
    title_key text not null,
    message text not null,
    status text not null,
    total integer not null default 0,
    sent integer not null default 0,
    failed integer not null default 0,
    delivered integer not null default 0,
    interval_ms integer,
    schedule text,
    due_at integer,
    session_id text,
    created_at text not null,
    started_at text,
    completed_at text,
    restorable_until text,
    revision integer not null
  ) strict`,
  `create index campaigns_tenant on campaigns (tenant, campaign_id)`,
  `create index campaigns_owner on campaigns (tenant, owner_id, campaign_id)`,
  `create index campaigns_session on campaigns (session_id, status)`,
  `create table sessions (
    session_id text primary key,
    tenant text not null,
    owner_id text not null,
    state text not null,
    number text,
    last_activity text not null
  ) strict`,
  `create index sessions_owner on sessions (tenant, owner_id)`,
]
