-- Sales that tills logged, their items, and what customers prefer. Amounts are minor units of the currency.

create sequence sale_ids;

-- Beside what the till claims stands what our rules gave at that moment; the tier is stored nowhere else.
create table sales (
    program_id integer not null,
    sale_id bigint not null default nextval('sale_ids'),
    location_id integer not null,
    member_id uuid not null,
    ticket_id text,
    fingerprint bytea not null,
    currency text not null,
    total_minor bigint not null,
    wet_minor bigint,
    dry_minor bigint,
    claimed_discount_type text,
    claimed_tier text,
    claimed_wet_discount_minor bigint,
    claimed_dry_discount_minor bigint,
    promo_code text,
    promo_id integer,
    promo_unknown boolean not null,
    promo_objection text,
    promo_overused boolean not null default false,
    tier text not null,
    visits integer not null,
    discount_type text not null,
    wet_percent numeric not null,
    dry_percent numeric not null,
    wet_discount_minor bigint,
    dry_discount_minor bigint,
    wet_difference_minor bigint generated always as (claimed_wet_discount_minor - wet_discount_minor) stored,
    dry_difference_minor bigint generated always as (claimed_dry_discount_minor - dry_discount_minor) stored,
    wet_account text not null,
    dry_account text not null,
    sold_at timestamptz not null,
    primary key (program_id, sale_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    foreign key (program_id, promo_id) references promos (program_id, promo_id),
    constraint ticket_is_short check (length(ticket_id) between 1 and 200),
    constraint claims_are_short check (
        length(claimed_discount_type) <= 200 and length(claimed_tier) <= 200 and length(promo_code) <= 200
    ),
    constraint amounts_are_in_range check (
        total_minor between 0 and 100000000000 and wet_minor between 0 and 100000000000
        and dry_minor between 0 and 100000000000
        and claimed_wet_discount_minor between 0 and 100000000000
        and claimed_dry_discount_minor between 0 and 100000000000
    ),
    constraint discounts_are_part_of_their_totals check (
        wet_discount_minor between 0 and wet_minor and dry_discount_minor between 0 and dry_minor
    ),
    constraint percents_are_in_range check (
        wet_percent between 0 and 100 and dry_percent between 0 and 100
    ),
    constraint visits_are_counted check (visits >= 0),
    constraint discount_type_is_known check (discount_type in ('discount', 'promo', 'staff')),
    constraint an_unknown_promo_has_a_code_only check (
        not promo_unknown or (promo_code is not null and promo_id is null)
    ),
    constraint a_known_promo_is_overused check (not promo_overused or promo_id is not null)
);
alter sequence sale_ids owned by sales.sale_id;
comment on column sales.visits is 'Those before this sale, within the period of the hotel.';
comment on column sales.wet_difference_minor is 'What the till gave beyond what our rules give.';

-- Of several tills that log one ticket at once, this key decides which one does.
create unique index ticket_is_unique_per_hotel on sales (program_id, location_id, ticket_id)
    where ticket_id is not null;
-- Visits are counted in this index alone, and only within the period.
create index visits_of_member on sales (program_id, member_id, sold_at);
-- The few that an operator wants to see.
create index overused_sales on sales (program_id, sale_id) where promo_overused;

create table sale_items (
    program_id integer not null,
    sale_id bigint not null,
    position smallint not null,
    product_name text not null,
    product_group text not null,
    quantity numeric(10, 3) not null,
    price_minor bigint,
    stock_type text not null,
    primary key (program_id, sale_id, position),
    foreign key (program_id, sale_id) references sales (program_id, sale_id),
    constraint product_is_short check (length(product_name) <= 200 and length(product_group) <= 200),
    constraint quantity_is_in_range check (quantity between 0 and 1000000),
    constraint price_is_in_range check (price_minor between 0 and 100000000000),
    constraint stock_type_is_known check (stock_type in ('wet', 'dry'))
);

-- What each customer has had at each hotel. Room is left on each page, because most sales update rows.
create table preferences (
    program_id integer not null,
    member_id uuid not null,
    location_id integer not null,
    product_name text not null,
    product_group text not null,
    stock_type text not null,
    quantity numeric not null,
    sale_count integer not null,
    last_at timestamptz not null,
    primary key (program_id, member_id, location_id, product_name, product_group, stock_type),
    foreign key (program_id, member_id) references members (program_id, member_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    constraint product_has_a_name check (length(product_name) between 1 and 200 and length(product_group) <= 200),
    constraint stock_type_is_known check (stock_type in ('wet', 'dry')),
    constraint something_was_had check (quantity > 0 and sale_count > 0)
) with (fillfactor = 80);

grant select, insert on sales, sale_items to regulars_server;
grant update (promo_overused) on sales to regulars_server;
grant usage on sequence sale_ids to regulars_server;
grant select, insert, update on preferences to regulars_server;
