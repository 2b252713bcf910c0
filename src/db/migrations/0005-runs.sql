-- Backfill and reconcile: runs over all records of a side.

-- One run over everything. A process works on it under a lease; when that process dies, another one goes on from the stored position.
create table clerkforce.run (
  id           bigint generated always as identity primary key,
  kind         text   not null,           -- backfill | reconcile | plan | apply
  tier         smallint not null,         -- of what it finds, see `dirty`
  released     smallint not null default -1, -- the last rank that may be worked off: a scan holds back what it finds until it has seen all
  options      jsonb  not null,           -- which entities, how many deletions a person has accepted
  state        text   not null,           -- loading (what is to be applied) | scanning | working | asking (for a person to accept deletions) | done | failed | stopped
  asked_at     bigint not null,
  started_at   bigint,                    -- when the scan under way began: what is newer is no drift
  worked_at    bigint,                    -- when the scans had ended, and the engine began to work off what they found
  finished_at  bigint,
  waits        jsonb,                     -- what it waits for, as whoever works on it says: {for, why, lasting}
  leased_by    text,
  leased_until bigint not null default 0,
  progress     jsonb  not null default '{}', -- {"clerk/person": {read, counted, done, position}}
  result       jsonb  not null default '{}'  -- counts, and why it failed; no personal data
);
-- One of a kind at a time.
create unique index run_open on clerkforce.run (kind) where finished_at is null;

-- What a reconcile has seen on each side, to know in the end what it has not; emptied with the end of the run.
create table clerkforce.sighted (
  run_id bigint not null,
  side   text   not null,
  entity text   not null,
  id     text   not null,
  key    text,                            -- the Clerk id that a Salesforce record carries
  primary key (run_id, side, entity, id)
);
create index sighted_key on clerkforce.sighted (run_id, entity, key) where key is not null;

-- Where the two sides were found to differ. Ids only.
create table clerkforce.drift (
  id            bigint generated always as identity primary key,
  run_id        bigint not null,
  class         text   not null,          -- missing | stale | human-edit | conflict | orphan | duplicate | broken-link
  entity        text   not null,
  clerk_id      text,
  salesforce_id text,
  detail        text   not null           -- what differs, without values
);
-- A run that is taken up again names nothing twice.
create unique index drift_once on clerkforce.drift (run_id, entity, coalesce(clerk_id, salesforce_id));

-- Live changes go before what a person wants tried again, and that before scans.
alter table clerkforce.dirty add column tier smallint not null default 0; -- 0 live | 1 retry | 2 backfill | 3 reconcile | 4 planned
drop index clerkforce.dirty_due;
create index dirty_due on clerkforce.dirty (rank, tier, (due_at / 60000), group_key, link_id);

-- What a run has brought about, so that it can be told and undone by its number; null: nobody's run, such as everything live.
alter table clerkforce.dirty add column run_id bigint;
alter table clerkforce.change add column run_id bigint;
create index change_of_run on clerkforce.change (run_id, id) where run_id is not null;
