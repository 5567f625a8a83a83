-- Where members belong and who of them is staff; the tiers of a program, and what they give at each hotel.

alter table members
    add column home_location_id integer,
    add column staff boolean not null default false,
    add constraint home_location_of_a_member
        foreign key (program_id, home_location_id) references locations (program_id, location_id),
    add constraint erased_members_belong_nowhere check (
        status <> 'erased' or (home_location_id is null and not staff)
    );

-- Tills that work offline ask what has changed since they last asked: a few members among very many. The time
-- comes first: an index that begins with the program looks as good as a unique key while a table is empty, and
-- plans made then, which stay with their connection, read a whole program to find one member.
create index members_by_change on members (updated_at, program_id);

-- The ladder of a program, lowest position first. Tiers are added above and never taken away.
create table tiers (
    program_id integer not null,
    tier_id integer not null,
    name text not null,
    position integer not null,
    created_at timestamptz not null,
    primary key (program_id, tier_id),
    foreign key (program_id) references programs (program_id),
    constraint tier_position_is_unique unique (program_id, position),
    constraint tier_id_is_positive check (tier_id > 0),
    constraint position_is_positive check (position > 0),
    constraint name_is_short check (length(name) between 1 and 50)
);
create unique index tier_name_is_unique on tiers (program_id, lower(name));

create table tier_schemes (
    program_id integer not null,
    location_id integer not null,
    period_days integer not null,
    staff_wet_percent numeric(5, 2) not null,
    staff_dry_percent numeric(5, 2) not null,
    updated_at timestamptz not null,
    primary key (program_id, location_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    constraint period_is_some_days check (period_days between 1 and 3650),
    constraint staff_wet_is_a_percentage check (staff_wet_percent between 0 and 100),
    constraint staff_dry_is_a_percentage check (staff_dry_percent between 0 and 100)
);

create table tier_rules (
    program_id integer not null,
    location_id integer not null,
    tier_id integer not null,
    visits_min integer not null,
    wet_percent numeric(5, 2) not null,
    dry_percent numeric(5, 2) not null,
    primary key (program_id, location_id, tier_id),
    foreign key (program_id, location_id) references tier_schemes (program_id, location_id),
    foreign key (program_id, tier_id) references tiers (program_id, tier_id),
    constraint threshold_is_unique_per_hotel unique (program_id, location_id, visits_min),
    constraint threshold_is_a_count check (visits_min between 0 and 100000),
    constraint wet_is_a_percentage check (wet_percent between 0 and 100),
    constraint dry_is_a_percentage check (dry_percent between 0 and 100)
);

grant select, insert on tiers to regulars_server;
grant select, insert, update on tier_schemes to regulars_server;
grant select, insert, delete on tier_rules to regulars_server;
