-- Carts, the rewards held for them, and the orders that were paid at kiosks. Money is integer minor units.

-- Whose cart it is, as the kiosk last said. The row is also what everybody locks who holds or redeems rewards
-- of the cart.
create table carts (
    program_id integer not null,
    location_id integer not null,
    cart_session_id text not null,
    member_id uuid not null,
    attached_at timestamptz not null,
    primary key (program_id, location_id, cart_session_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    constraint cart_session_id_is_short check (length(cart_session_id) between 1 and 200)
);

-- An order earns once, and so does a payment event, whichever comes first: the two keys decide it.
create table paid_orders (
    program_id integer not null,
    location_id integer not null,
    order_id text not null,
    payment_event_id text,
    status text not null,
    total_minor bigint,
    currency text,
    paid_at timestamptz,
    member_id uuid,
    cart_session_id text,
    points_earned bigint not null default 0,
    rewards_converted bigint not null default 0,
    earn_id uuid,
    refunded_minor bigint not null default 0,
    disputes jsonb not null default '[]',
    points_taken_back bigint not null default 0,
    created_at timestamptz not null,
    earned_at timestamptz,
    updated_at timestamptz not null,
    primary key (program_id, location_id, order_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    constraint ids_are_short check (
        length(order_id) between 1 and 200 and length(payment_event_id) between 1 and 200
        and length(cart_session_id) between 1 and 200
    ),
    constraint status_is_known check (status in ('refund_known', 'paid_no_customer', 'earned')),
    constraint what_is_paid_says_how_much check (
        (status = 'refund_known') = (total_minor is null)
        and (total_minor is null) = (currency is null) and (total_minor is null) = (paid_at is null)
        and (total_minor is null) = (payment_event_id is null)
    ),
    constraint total_is_in_range check (total_minor between -100000000000 and 100000000000),
    constraint what_earned_has_a_customer check (
        (status = 'earned') = (member_id is not null) and (status = 'earned') = (earned_at is not null)
    ),
    constraint figures_are_those_of_an_earn check (
        points_earned >= 0 and rewards_converted >= 0 and (points_earned > 0) = (earn_id is not null)
        and (status = 'earned' or (points_earned = 0 and rewards_converted = 0))
    ),
    constraint no_more_is_taken_back_than_was_earned check (points_taken_back between 0 and points_earned),
    constraint refunds_are_in_range check (refunded_minor between 0 and 100000000000),
    constraint disputes_are_listed check (jsonb_typeof(disputes) = 'array')
);
comment on column paid_orders.updated_at is 'When it was told, or when it earned, whichever was later.';
comment on column paid_orders.refunded_minor is 'The largest sum of its refunds that was told.';
comment on column paid_orders.disputes is 'Each dispute of its payment as it was told last; one that takes_money
takes all of it.';


-- As long as PostgreSQL has no statistics of a table, a program and a location look as selective as a whole key.
-- So that it never reads all of a venue's orders to find one of them, each order is found by one index only:
-- the others have the location in another form, or not at all.
create unique index payment_event_is_unique_per_venue
    on paid_orders (program_id, payment_event_id, (location_id::bigint));
-- What happened lately, of which a page counts a day.
create index paid_orders_by_time on paid_orders (program_id, updated_at);

-- The same two keys decide that an order redeems once.
create table redeemed_orders (
    program_id integer not null,
    location_id integer not null,
    order_id text not null,
    payment_event_id text not null,
    member_id uuid not null,
    rewards integer not null,
    redeemed_at timestamptz not null,
    primary key (program_id, location_id, order_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    constraint ids_are_short check (
        length(order_id) between 1 and 200 and length(payment_event_id) between 1 and 200
    ),
    constraint something_was_redeemed check (rewards > 0)
);
create unique index redeeming_event_is_unique_per_venue
    on redeemed_orders (program_id, payment_event_id, (location_id::bigint));
create index redeemed_orders_by_time on redeemed_orders (program_id, redeemed_at);

-- Rewards of the venue are under one hold of the ledger, program-wide ones under another.
create table cart_holds (
    program_id integer not null,
    location_id integer not null,
    hold_id uuid not null,
    cart_session_id text not null,
    member_id uuid not null,
    venue_rewards integer not null,
    program_rewards integer not null,
    venue_hold_id uuid,
    program_hold_id uuid,
    discount_minor bigint not null,
    status text not null,
    expires_at timestamptz not null,
    order_id text,
    created_at timestamptz not null,
    closed_at timestamptz,
    primary key (program_id, hold_id),
    foreign key (program_id, location_id, cart_session_id)
        references carts (program_id, location_id, cart_session_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    foreign key (program_id, location_id, order_id)
        references redeemed_orders (program_id, location_id, order_id),
    constraint status_is_known check (status in ('active', 'redeemed', 'expired')),
    constraint something_is_held check (
        venue_rewards >= 0 and program_rewards >= 0 and venue_rewards + program_rewards > 0
        and (venue_rewards > 0) = (venue_hold_id is not null)
        and (program_rewards > 0) = (program_hold_id is not null)
    ),
    constraint discount_is_not_negative check (discount_minor >= 0),
    constraint closed_when_not_active check ((status = 'active') = (closed_at is null)),
    constraint redeemed_under_an_order check ((status = 'redeemed') = (order_id is not null))
) with (fillfactor = 80);

-- Of several kiosks that ask at once, one makes the hold and the others get it.
create unique index one_active_hold_per_customer_and_cart
    on cart_holds (program_id, cart_session_id, member_id, location_id) where status = 'active';
create index holds_of_cart on cart_holds (program_id, cart_session_id, location_id, hold_id);
create index cart_holds_due on cart_holds (expires_at) where status = 'active';

-- A hold is redeemed once, and for what it was made.
create function refuse_change_of_closed_cart_holds() returns trigger language plpgsql as $$
begin
    raise exception 'cart holds are redeemed once' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger cart_holds_are_redeemed_once before update on cart_holds for each row
    when (
        old.status = 'redeemed' or new.status = 'active'
        or (new.member_id, new.cart_session_id, new.venue_rewards, new.program_rewards, new.discount_minor)
            is distinct from
            (old.member_id, old.cart_session_id, old.venue_rewards, old.program_rewards, old.discount_minor)
    )
    execute function refuse_change_of_closed_cart_holds();

-- What an idempotency key led to, a refusal included.
create table cart_hold_requests (
    program_id integer not null,
    location_id integer not null,
    scope text not null,
    key text not null,
    cart_session_id text not null,
    member_id uuid not null,
    reward_count integer not null,
    hold_id uuid,
    refusal text,
    created_at timestamptz not null,
    primary key (program_id, location_id, scope, key),
    foreign key (program_id, hold_id) references cart_holds (program_id, hold_id),
    constraint key_fits_its_index check (length(scope) <= 200 and length(key) between 1 and 200),
    constraint one_outcome check ((hold_id is null) <> (refusal is null))
);
create index cart_hold_requests_by_age on cart_hold_requests using brin (created_at);

grant select, insert, update on carts, paid_orders, cart_holds to regulars_server;
grant select, insert on redeemed_orders to regulars_server;
grant select, insert, delete on cart_hold_requests to regulars_server;
