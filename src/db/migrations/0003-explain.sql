-- To explain a record: which hints told of it, which lines of the journal, and who has an address.

-- The records that a hint told of. Bodies are bytes that nobody can search; whoever reads a hint knows what it names. A membership's
-- webhook carries its user and its organization as well: `carried`, so that the thousands of members of an organization do not hide its own.
-- No foreign key: checking it would lock, and so write, the row of the hint.
create table clerkforce.hint_record (
  record_id   text    not null,          -- user_... | org_... | 003... : the prefix says of which side and what
  carried     boolean not null,
  at          bigint  not null,          -- when the hint came
  delivery_id text    not null,
  primary key (record_id, carried, at, delivery_id)
);
-- For pruning. Rows come in the order of time, so a few bytes for many pages are enough.
create index hint_record_at on clerkforce.hint_record using brin (at);

-- Lines that the link alone does not lead to: of records that have none, and of those that were another link's before.
create index change_apart on clerkforce.change (salesforce_id) where link_id is null or kind in ('link', 'unlink');

-- Somebody asks by e-mail address: any of a user's, and that of the Contact. (lower(...)::jsonb: an address as JSON stays JSON in lower case.)
create index record_addresses on clerkforce.record
  using gin ((lower(jsonb_path_query_array(body, '$.email_addresses[*].email_address')::text)::jsonb))
  where side = 'clerk' and entity = 'person';
create index record_address on clerkforce.record (lower(body ->> 'Email')) where side = 'salesforce' and entity = 'person';

-- What a Salesforce record asked for in Clerk.
create index request_salesforce on clerkforce.request (salesforce_id);
