-- What people decide: pairs, values to go back to, and a mapping that was changed.

-- What a person decided about the pair of a Clerk record; the planner asks here before it matches anything. Ids only.
create table clerkforce.decision (
  clerk_id      text   primary key,        -- user_... | org_...
  entity        text   not null,
  wanted        text   not null,           -- this: salesforce_id; new: none of those that are there; apart: no record at all
  salesforce_id text,                      -- of `this`
  never         text,                      -- the record that it was taken from: it loses our key, and is not paired again by itself
  at            bigint not null
);
create unique index decision_salesforce on clerkforce.decision (entity, salesforce_id) where salesforce_id is not null;

-- A value that a person went back to although the rule of its field would write it again: the link stays parked until a retry.
create table clerkforce.hold (
  link_id   bigint primary key,
  change_id bigint not null,               -- the line of the journal that was undone last
  fields    text[] not null,
  at        bigint not null
);

-- What clerkforce has to remember about itself, such as the mapping that all links were last planned by.
create table clerkforce.setting (
  name  text  primary key,
  value jsonb not null
);
