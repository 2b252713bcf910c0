-- Plan before the first write: what could be adopted, what would be done, and what was said yes to.

-- Salesforce records that a scan has shown and that no link is paired with: what a backfill or a plan may find there. Emptied with the run that
-- scanned them.
create table clerkforce.candidate (
  entity  text   not null,
  id      text   not null,
  key     text,                           -- the Clerk id that it carries
  match   text,                           -- what it is found by: address, value of the match rule, or Contact and Account
  body    jsonb  not null,
  version bigint not null,
  primary key (entity, id)
);
create index candidate_key on clerkforce.candidate (entity, key) where key is not null;
create index candidate_match on clerkforce.candidate (entity, match) where match is not null;

-- Which candidates are complete: only then is what is not among them not there.
create table clerkforce.candidate_scan (
  entity   text   primary key,
  run_id   bigint not null,
  began_at bigint not null,
  done     boolean not null
);

-- What a plan would do, link by link; until the next plan. Personal data: values.
create table clerkforce.planned (
  run_id        bigint   not null,
  link_id       bigint   not null,
  rank          smallint not null,
  kind          text     not null,        -- create | adopt | update | link | end | delete | unpair | park | wait
  salesforce_id text,                     -- the record that it would have; 'new:' and the Clerk id where there is none yet
  account_id    text,                     -- the Account that a Contact would be on, likewise
  flags         text[]   not null,
  reason        text     not null,
  fields        jsonb    not null,        -- {"Title": {"side", "before", "after", "why", "rule"}}
  print         text     not null,        -- what apply compares
  primary key (run_id, rank, link_id)
);
create index planned_link on clerkforce.planned (run_id, link_id);
create index planned_salesforce on clerkforce.planned (run_id, salesforce_id) where salesforce_id is not null;

-- What a person has said yes to: written as it was planned, or not at all.
create table clerkforce.expected (
  link_id bigint primary key,
  run_id  bigint not null,                -- the apply
  print   text   not null,
  outcome text                            -- null: not come to yet | done | changed | parked | waiting
);
create index expected_run on clerkforce.expected (run_id, link_id);
