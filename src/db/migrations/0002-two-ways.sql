-- From Salesforce to Clerk.

-- Salesforce records that changed since we saw them: to be read back. A change event and a poll only say which; what they look like is asked.
create table clerkforce.stale (
  entity       text    not null,
  id           text    not null,          -- the Salesforce record
  version      bigint  not null default 1, -- grows with each hint: only the version that was read is done
  committed_at bigint  not null,          -- when Salesforce says that it changed; a sight from before it is too old
  noticed_at   bigint  not null,
  due_at       bigint  not null,          -- a claim moves it to the end of its lease
  gone         boolean not null default false, -- by the newest of them it was deleted: not to be found is what we expect
  attempts     integer not null default 0,
  primary key (entity, id)
);
create index stale_due on clerkforce.stale (due_at);

-- How far a stream or a poll has come. One process at a time follows, under a lease.
create table clerkforce.cursor (
  name         text   primary key,        -- salesforce | catch-up/person ...
  replay_id    bytea,                     -- of a stream: opaque bytes
  reached      bigint,                    -- the newest commit time that was taken in
  leased_by    text,
  leased_until bigint not null default 0
);

-- Fields of this record that somebody else manages in Clerk (SCIM), as Clerk said when we tried: Clerk wins there, whatever the rule.
alter table clerkforce.link add column managed text[] not null default '{}', add column managed_at bigint not null default 0;

-- What a Salesforce record asks for in Clerk: an Account an organization, a Contact an invitation. Once for each record, whatever comes.
create table clerkforce.request (
  key           text    primary key,      -- account/001... | contact/003...
  kind          text    not null,         -- organization | invitation
  salesforce_id text    not null,
  round         integer not null default 1, -- of a Contact that asks again after its invitation has ended; from 2 on part of the mark
  asked_at      bigint  not null,
  state         text    not null,         -- asked (waits for a person's approval) | open | done | denied | failed | withdrawn
  version       bigint  not null default 1, -- grows with each sight of the record: what was put off before it is due again
  decided_at    bigint,                   -- when a person approved or denied
  tried_at      bigint,                   -- set before Clerk is called: after it, look before trying again
  done_at       bigint,                   -- when Clerk did it: what the limit of an hour counts
  due_at        bigint  not null default 0, -- not before; a claim moves it to the end of its lease
  leased_by     text,                     -- the claim that holds it
  attempts      integer not null default 0,
  clerk_id      text,                     -- what came of it
  organization_id text,                   -- of an invitation: where it was tried
  accepted_by   text,                     -- of an invitation: the Clerk user who took it up
  watch_at      bigint,                   -- of an invitation: when to ask Clerk how it stands, which sends no event when one expires
  code          text,                     -- why it waits or failed, for a person to read
  reason        text
);
create index request_due on clerkforce.request (kind, due_at) where state = 'open';
create index request_state on clerkforce.request (state, asked_at) where state in ('asked', 'open', 'failed');
create index request_done on clerkforce.request (kind, done_at) where done_at is not null;
create index request_watch on clerkforce.request (watch_at) where watch_at is not null;
create index request_place on clerkforce.request (organization_id) where watch_at is not null;

-- Somebody who comes with the address of an invitation of ours is the Contact that was invited.
create index record_invited on clerkforce.record (lower(body ->> 'email_address')) where side = 'clerk' and entity = 'invitation';

-- What was refused in Clerk has no link to stand with.
alter table clerkforce.change alter column link_id drop not null;
