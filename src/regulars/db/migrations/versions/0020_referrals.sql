-- Referrals: who recommends which product under which RID, what came of it, and what looks like fraud. People appear
-- as ids of members or as keyed hashes, devices and addresses as keyed hashes only.

-- What the shop sells and may be recommended.
create table products (
    program_id integer not null,
    product_id uuid not null,
    slug text not null,
    name text not null,
    active boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (program_id, product_id),
    unique (program_id, slug),
    foreign key (program_id) references programs (program_id),
    constraint slug_fits_an_address check (slug ~ '^[a-z0-9][a-z0-9_-]{0,99}$'),
    constraint name_is_short check (length(name) between 1 and 200)
);

-- A member who recommends. The row is what everybody locks who makes a RID for the member.
create table referrers (
    program_id integer not null,
    member_id uuid not null,
    person bytea not null,
    created_at timestamptz not null,
    primary key (program_id, member_id),
    foreign key (program_id, member_id) references members (program_id, member_id)
);
comment on column referrers.person is 'Keyed hash of the id that the shop has for the member, to be compared with buyers.';

-- One RID: the policy as it was when it was made, and what came of it. Events are numbered without gaps by the row.
create table referrals (
    program_id integer not null,
    rid text not null,
    owner_id uuid not null,
    product_id uuid not null,
    channel text,
    status text not null,
    reward_type text not null,
    reward_value bigint not null,
    currency text not null,
    hold_days integer not null,
    clicks bigint not null default 0,
    conversions bigint not null default 0,
    gmv bigint not null default 0,
    events bigint not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (program_id, rid),
    foreign key (program_id, owner_id) references referrers (program_id, member_id),
    foreign key (program_id, product_id) references products (program_id, product_id),
    constraint rid_is_128_bits check (rid ~ '^[A-Za-z0-9_-]{22}$'),
    constraint channel_is_short check (length(channel) between 1 and 40),
    constraint status_is_known check (status in ('active', 'expired', 'revoked')),
    constraint reward_type_is_known check (reward_type in ('storeCredit', 'cash')),
    constraint reward_is_something check (reward_value between 1 and 9007199254740991),
    constraint currency_is_a_code check (currency ~ '^[A-Z]{3}$'),
    constraint hold_is_not_negative check (hold_days >= 0),
    constraint it_lasts check (expires_at > created_at),
    constraint figures_are_not_negative check (
        clicks >= 0 and conversions >= 0 and gmv >= 0 and events = clicks + conversions
    )
) with (fillfactor = 70);
create unique index one_active_referral_for_a_product on referrals (program_id, owner_id, product_id)
    where status = 'active';
create index referrals_of_owner on referrals (program_id, owner_id, created_at);
-- A link that is followed names no program.
create index referrals_by_rid on referrals (rid);

-- What the owner of a RID is shown. Never who it was.
create table referral_events (
    program_id integer not null,
    rid text not null,
    number bigint not null,
    event_id uuid not null,
    type text not null,
    occurred_at timestamptz not null,
    order_id text,
    order_total bigint,
    primary key (program_id, rid, number),
    foreign key (program_id, rid) references referrals (program_id, rid),
    constraint type_is_known check (type in ('click', 'conversion')),
    constraint conversions_have_an_order check (
        (type = 'conversion') = (order_id is not null) and (order_id is null) = (order_total is null)
    )
);
create unique index an_order_converts_once on referral_events (program_id, order_id) where order_id is not null;

-- When a device was last counted on a RID, so that its next clicks count as the same one.
create table referral_clicks (
    program_id integer not null,
    rid text not null,
    device bytea not null,
    counted_at timestamptz not null,
    primary key (program_id, rid, device),
    foreign key (program_id, rid) references referrals (program_id, rid)
) with (fillfactor = 80);
create index referral_clicks_by_age on referral_clicks (counted_at);

-- Who was seen behind which device or address, as the owner of a RID or as a buyer.
create table referral_sightings (
    program_id integer not null,
    kind text not null,
    source bytea not null,
    role text not null,
    person bytea not null,
    seen_at timestamptz not null,
    primary key (program_id, kind, source, role, person),
    foreign key (program_id) references programs (program_id),
    constraint kind_is_known check (kind in ('device', 'address')),
    constraint role_is_known check (role in ('owner', 'buyer'))
);
create index referral_sightings_by_age on referral_sightings (seen_at);

-- An order and the one RID that it came by, with the reward that the owner gets for it.
create table referral_conversions (
    program_id integer not null,
    order_id text not null,
    rid text not null,
    owner_id uuid not null,
    status text not null,
    reason text,
    buyer bytea,
    device bytea,
    address bytea,
    order_total bigint,
    currency text not null,
    delivered_at timestamptz,
    created_at timestamptz not null,
    confirmed_at timestamptz,
    reward_type text not null,
    reward_status text,
    reward_amount bigint not null,
    hold_until timestamptz,
    payable_at timestamptz,
    paid_at timestamptz,
    ended_at timestamptz,
    ended_as text,
    taken_back boolean not null default false,
    primary key (program_id, order_id),
    foreign key (program_id, rid) references referrals (program_id, rid),
    constraint order_id_is_short check (length(order_id) between 1 and 200),
    constraint status_is_known check (status in ('candidate', 'refused', 'confirmed', 'returned')),
    constraint refusals_have_a_reason check ((status = 'refused') = (reason is not null)),
    constraint confirmed_with_a_total check (
        (confirmed_at is null) = (order_total is null) and (status <> 'confirmed' or confirmed_at is not null)
    ),
    constraint total_is_positive check (order_total between 1 and 9007199254740991),
    constraint reward_status_is_known check (
        reward_status in ('pending_hold', 'payable', 'paid', 'cancelled')
    ),
    constraint rewards_are_of_confirmed_orders check (
        (reward_status is null) = (confirmed_at is null) and (reward_status is null) = (hold_until is null)
    ),
    constraint moments_fit_the_reward_status check (
        case reward_status
            when 'pending_hold' then payable_at is null and paid_at is null
            when 'payable' then payable_at is not null and paid_at is null
            when 'paid' then payable_at is not null and paid_at is not null
            else true
        end
    ),
    constraint an_end_has_a_cause check (
        (ended_at is null) = (ended_as is null)
        and ended_as in ('refunded', 'cancelled', 'blocked', 'clawed_back', 'owner_erased')
        and (reward_status is null or (reward_status = 'cancelled') = (ended_at is not null))
    ),
    constraint only_what_was_given_is_taken_back check (
        not taken_back or (reward_status = 'cancelled' and payable_at is not null)
    )
) with (fillfactor = 70);
comment on column referral_conversions.taken_back is 'Whether the ledger has taken the reward back.';
create index rewards_due on referral_conversions (program_id, hold_until, order_id)
    where reward_status = 'pending_hold';
create index rewards_of_referral on referral_conversions (program_id, rid, reward_status);
create index conversions_of_referral on referral_conversions (program_id, rid, confirmed_at)
    where confirmed_at is not null;
create index unspent_rewards_of_owner on referral_conversions (program_id, owner_id, currency)
    where reward_status = 'payable' and reward_type = 'storeCredit';

-- A reward goes one way, each step once: held, payable, paid; and from anywhere to its end.
create function refuse_change_of_rewards() returns trigger language plpgsql as $$
begin
    raise exception 'rewards go one way' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger rewards_go_one_way before update on referral_conversions for each row
    when (
        (old.reward_status = 'cancelled' and new.reward_status is distinct from 'cancelled')
        or (old.reward_status = 'paid' and new.reward_status not in ('paid', 'cancelled'))
        or (old.reward_status = 'payable' and new.reward_status not in ('payable', 'paid', 'cancelled'))
        or (old.reward_status is not null and new.reward_status is null)
        or (old.confirmed_at is not null and (new.rid, new.order_total, new.reward_amount)
            is distinct from (old.rid, old.order_total, old.reward_amount))
        or (old.taken_back and not new.taken_back)
    )
    execute function refuse_change_of_rewards();

-- What looks like fraud, for an operator to decide. One without an order is about the whole RID.
create table fraud_flags (
    program_id integer not null,
    flag_id uuid not null,
    rid text not null,
    order_id text,
    rule text not null,
    status text not null,
    observed integer,
    created_at timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    primary key (program_id, flag_id),
    foreign key (program_id, rid) references referrals (program_id, rid),
    constraint rule_is_known check (
        rule in (
            'self_purchase', 'shared_device', 'shared_address', 'device_of_many_buyers', 'event_flood',
            'few_sources'
        )
    ),
    constraint status_is_known check (status in ('open', 'cleared', 'blocked', 'clawed_back')),
    constraint decided_when_not_open check (
        (status = 'open') = (decided_at is null) and (decided_at is null) = (decided_by is null)
    ),
    constraint who_decided_is_short check (length(decided_by) between 1 and 200)
);
comment on column fraud_flags.observed is 'The figure that broke the rule, where the rule has one.';
create unique index a_rule_flags_an_order_once on fraud_flags (program_id, order_id, rid, rule)
    where order_id is not null;
create unique index a_rule_flags_a_referral_once_at_a_time on fraud_flags (program_id, rid, rule)
    where order_id is null and status = 'open';
create index open_flags_of_referral on fraud_flags (program_id, rid, order_id) where status = 'open';
create index flags_by_status on fraud_flags (program_id, status, flag_id);

create function refuse_change_of_flags() returns trigger language plpgsql as $$
begin
    raise exception 'flags are decided once' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger flags_are_decided_once before update on fraud_flags for each row
    when (old.status <> 'open') execute function refuse_change_of_flags();

grant select, insert, update on products, referrers, referrals, referral_conversions, fraud_flags
    to regulars_server;
grant select, insert on referral_events to regulars_server;
grant select, insert, update, delete on referral_clicks, referral_sightings to regulars_server;
