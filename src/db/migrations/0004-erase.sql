-- To erase a person.

-- The record on Clerk's side has been emptied for good: whatever either side still shows of it is not kept. Here, because every claim reads
-- the link anyway, and because the link outlives what it pairs.
alter table clerkforce.link add column erased boolean not null default false;

-- What was erased, and what came of it: the receipt. Ids and counts, no personal data.
create table clerkforce.erasure (
  id          text   primary key,
  person_id   text   not null,           -- user_...: a person may be erased again
  at          bigint not null,
  removed     jsonb  not null,           -- {table: rows}
  salesforce  jsonb  not null default '{}', -- {Clerk id: {object, id, did, result, at}}, as each link is settled or parked
  marks       text[] not null,           -- hashes of the addresses, to know invitations by; none once the inbox was searched
  by_address  boolean not null default false, -- the inbox was searched for the id, and is now searched for the addresses
  searched_to text   not null default '', -- the inbox was searched up to this delivery id
  searched    bigint not null default 0, -- webhooks so far
  ended_at    bigint                     -- the inbox was searched to its end
);
create index erasure_of_person on clerkforce.erasure (person_id);
create index erasure_open on clerkforce.erasure (at) where ended_at is null;
