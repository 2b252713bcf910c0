-- Times are milliseconds since 1970 (bigint), passed in by the program: one clock for a test to hold still.

-- The inbox: signed webhooks, as they came. A row is stored before the 2xx and read ("observed") after it.
-- Bodies are raw bytes: PostgreSQL would spend most of an insert on parsing jsonb, and nobody queries inside them.
create table clerkforce.hint (
  delivery_id text   primary key,          -- svix-id: the same on every retry, so a repeat is a conflict and does nothing
  type        text   not null,
  body        bytea,                       -- personal data; null once pruned
  received_at bigint not null,
  observed_at bigint,
  problem     text                         -- why it could not be read; never silently dropped
);
-- Not compressed: a webhook is just long enough for PostgreSQL to try, which would cost more than all else it does for one.
alter table clerkforce.hint alter column body set storage external;
create index hint_waiting on clerkforce.hint (received_at) where observed_at is null;
create index hint_read on clerkforce.hint (received_at) where observed_at is not null and problem is null; -- for pruning
create index hint_problem on clerkforce.hint (received_at) where problem is not null;

-- The mirror: what each side last looked like, with that side's own version.
create table clerkforce.record (
  side            text   not null,         -- clerk | salesforce
  entity          text   not null,         -- person | organization | membership
  id              text   not null,
  body            jsonb  not null,         -- personal data
  version         bigint not null,         -- the side's own: an older one never overwrites a newer one
  seen            bigint not null,         -- breaks ties between equal versions, by the side's own time of the event
  deleted_at      bigint,                  -- tombstone: the side's own time of deletion; never taken back on the Clerk side
  person_id       text,                    -- of a Clerk membership
  organization_id text,                    -- of a Clerk membership
  primary key (side, entity, id)
);
create index record_of_person on clerkforce.record (person_id) where person_id is not null;
create index record_of_organization on clerkforce.record (organization_id) where organization_id is not null;

-- The pairing of a Clerk record and a Salesforce record, and what the two last agreed on.
-- fillfactor: `base` changes with every settled write and is in no index, so the new row version stays on its page (HOT).
create table clerkforce.link (
  id            bigint generated always as identity primary key,
  entity        text   not null,
  clerk_id      text,
  salesforce_id text,
  base          jsonb,                     -- field values both sides last agreed on; null: never agreed
  parked_at     bigint,
  parked_code   text,
  parked_reason text,                      -- for a person to read: what happened and what to do
  unique (entity, clerk_id),
  unique (entity, salesforce_id)
) with (fillfactor = 80);
create index link_parked on clerkforce.link (parked_at) where parked_at is not null;

-- Links whose sides may disagree: a narrow row apart from the link, deleted when settled. Kept in the wide row it took twice
-- as long, and an empty poll read the whole table.
create table clerkforce.dirty (
  link_id    bigint   primary key,
  rank       smallint not null,            -- parents before children: organization 0, person 1, membership 2
  group_key  text     not null,            -- the organization: records of one Account go out together (row locks)
  version    bigint   not null,            -- grows with each mark; a claim settles only the version that it read
  due_at     bigint   not null,            -- not before; a claim moves it to the end of its lease
  attempts   integer  not null default 0,
  leased_by  text,                         -- the claim that holds it
  waits_for  bigint,                       -- the parent link that must be settled first
  look       boolean  not null default false -- forget what we think Salesforce holds, and look
) with (fillfactor = 70);
-- Due links minute by minute, inside a minute by Account: fair to all, and neighbours stay together.
create index dirty_due on clerkforce.dirty (rank, (due_at / 60000), group_key, link_id);
create index dirty_leased on clerkforce.dirty (group_key) where leased_by is not null;
create index dirty_waiting on clerkforce.dirty (waits_for) where waits_for is not null;

-- The journal: each write, field by field, with its reason and its result.
create table clerkforce.change (
  id            bigint generated always as identity primary key,
  at            bigint not null,
  link_id       bigint not null,
  side          text   not null,           -- the side that was written to
  kind          text   not null,           -- create | adopt | update | end | delete
  salesforce_id text,
  reason        text   not null,
  fields        jsonb  not null,           -- {field: {before, after, why}}; personal data
  result        text   not null,           -- done, or the vendor's code
  detail        text
);
create index change_of_link on clerkforce.change (link_id, id);
create index change_at on clerkforce.change (at);

-- People first seen through an event, whose memberships (or, for a stub, whose user) only Clerk's API can tell.
create table clerkforce.gap (
  person_id text    primary key,
  due_at    bigint  not null,
  attempts  integer not null default 0
);
create index gap_due on clerkforce.gap (due_at);

-- What we set out to create in Clerk, written down before the call: Clerk has no idempotency keys, so a lost answer is found again by it.
create table clerkforce.intent (
  key         text   primary key,
  kind        text   not null,             -- create-organization
  name        text   not null,
  created_at  bigint not null,
  leased_by   text,                        -- the call that is at work on it; any other with the same key waits
  leased_until bigint not null default 0,
  clerk_id    text,                        -- null in a finished one: Clerk refused, and there is nothing to find
  finished_at bigint
);
create index intent_open on clerkforce.intent (kind, name) where finished_at is null;
