-- Promos, whom they were given to, and what was used of them. Dates and times of promos have no zone: each
-- hotel reads them on its own clock.

create table promos (
    program_id integer not null,
    promo_id integer not null,
    kind text not null,
    code text not null,
    name text not null,
    description text,
    active boolean not null default true,
    valid_from timestamp(0) without time zone,
    valid_until timestamp(0) without time zone,
    time_from time(0) without time zone,
    time_until time(0) without time zone,
    weekdays smallint[] not null default '{}',
    requires_membership boolean not null default false,
    assigned_only boolean not null default false,
    min_spend_minor bigint not null default 0,
    wet_percent numeric(5, 2) not null default 0,
    dry_percent numeric(5, 2) not null default 0,
    bonus_multiplier numeric(5, 2) not null default 0,
    bonus_add_wet numeric(5, 2) not null default 0,
    bonus_add_dry numeric(5, 2) not null default 0,
    usage_limit integer,
    usage_limit_per_customer integer,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (program_id, promo_id),
    foreign key (program_id) references programs (program_id),
    constraint promo_code_is_unique unique (program_id, code),
    constraint promo_id_is_positive check (promo_id > 0),
    constraint kind_is_known check (kind in ('promo_code', 'loyalty_bonus')),
    constraint code_is_short check (char_length(code) between 1 and 64),
    constraint name_is_short check (char_length(name) between 1 and 200),
    constraint description_is_short check (char_length(description) <= 2000),
    constraint validity_has_an_order check (valid_from <= valid_until),
    constraint window_is_open check (time_from <> time_until),
    constraint weekdays_are_known check (weekdays <@ '{1, 2, 3, 4, 5, 6, 7}'),
    constraint min_spend_is_in_range check (min_spend_minor between 0 and 1000000000000),
    constraint percents_are_in_range check (
        wet_percent between 0 and 100 and dry_percent between 0 and 100
        and bonus_add_wet between 0 and 100 and bonus_add_dry between 0 and 100
    ),
    -- A bonus raises rates: a multiplier below 1 would lower them.
    constraint multiplier_raises check (bonus_multiplier = 0 or bonus_multiplier between 1 and 100),
    constraint figures_are_of_the_kind check (
        case kind
            when 'promo_code' then
                wet_percent + dry_percent > 0
                and bonus_multiplier = 0 and bonus_add_wet = 0 and bonus_add_dry = 0
            else
                wet_percent = 0 and dry_percent = 0
                and (bonus_multiplier > 1 or bonus_add_wet > 0 or bonus_add_dry > 0)
        end
    ),
    constraint limits_are_positive check (usage_limit > 0 and usage_limit_per_customer > 0)
);

create table promo_locations (
    program_id integer not null,
    promo_id integer not null,
    location_id integer not null,
    primary key (program_id, promo_id, location_id),
    foreign key (program_id, promo_id) references promos (program_id, promo_id),
    foreign key (program_id, location_id) references locations (program_id, location_id)
);

create table promo_assignments (
    program_id integer not null,
    member_id uuid not null,
    promo_id integer not null,
    expires_at timestamp(0) without time zone,
    assigned_at timestamptz not null,
    primary key (program_id, member_id, promo_id),
    foreign key (program_id, promo_id) references promos (program_id, promo_id),
    foreign key (program_id, member_id) references members (program_id, member_id)
);
create index promo_assignments_by_promo on promo_assignments (program_id, promo_id, member_id);

-- One row per promo, apart from the promo itself: it is updated with every use, and what is used is locked
-- without keeping the operator from editing. uses_max is the limit under which the latest use was taken, so
-- that the check holds for every use ever taken and a limit can still be lowered later.
create table promo_uses (
    program_id integer not null,
    promo_id integer not null,
    uses integer not null default 0,
    overuses integer not null default 0,
    uses_max integer,
    last_used_at timestamptz,
    primary key (program_id, promo_id),
    foreign key (program_id, promo_id) references promos (program_id, promo_id),
    constraint uses_are_within_the_limit check (uses >= 0 and uses <= uses_max),
    constraint overuses_are_counted check (overuses >= 0)
) with (fillfactor = 20);
comment on column promo_uses.overuses is 'Sales that named the promo when no use was left.';

create table promo_member_uses (
    program_id integer not null,
    member_id uuid not null,
    promo_id integer not null,
    uses integer not null,
    uses_max integer,
    primary key (program_id, member_id, promo_id),
    foreign key (program_id, promo_id) references promos (program_id, promo_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    constraint uses_are_within_the_limit check (uses > 0 and uses <= uses_max)
) with (fillfactor = 80);

grant select, insert, update on promos, promo_uses, promo_member_uses to regulars_server;
grant select, insert, delete on promo_locations to regulars_server;
grant select, insert, update, delete on promo_assignments to regulars_server;
