-- What tier others were told that a member has at a hotel. Rows are there only for programs that somebody is told
-- the tiers of, from a member's first visit to a hotel on.

-- A sale asks before it is logged, with one look at an index for a program without endpoints.
create view programs_told_of_tiers as
select program_id from webhook_endpoints
where status <> 'removed' and types && array['*', 'tier.*', 'tier.changed'];

create table told_tiers (
    program_id integer not null,
    member_id uuid not null,
    location_id integer not null,
    tier text not null,
    previous_tier text not null,
    counted_from timestamptz,
    told_at timestamptz not null,
    primary key (program_id, member_id, location_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    constraint names_are_short check (length(tier) <= 50 and length(previous_tier) <= 50)
) with (fillfactor = 80);
comment on column told_tiers.previous_tier is 'From which one it was told to have changed; the same where nothing was told yet.';
comment on column told_tiers.counted_from is 'When this moment leaves the hotel''s period, the tier is looked at again. None: no visit counts.';

create index tiers_to_look_at on told_tiers (program_id, location_id, counted_from) where counted_from is not null;

grant select on programs_told_of_tiers to regulars_server;
grant select, insert, update, delete on told_tiers to regulars_server;
