"""What earning and holding must do at least, for pgbench: a prepared statement for each step.

pgbench works on the server's own tables, in its role and with its planner settings. What it writes keeps
every invariant, so that the books of a benchmark can be verified after it.
"""

import psycopg

# As the server's ids are: in the order of time, so that an index grows at its end.
IDS = """
create function yardstick_id() returns uuid language sql volatile as $$
    select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid
$$
"""

_ACCOUNTS = """
select max(account_id::text) filter (where asset = 'points') as points_id,
    max(balance) filter (where asset = 'points') as points,
    max(version) filter (where asset = 'points') as points_version,
    max(account_id::text) filter (where asset = 'rewards' and location_id > 0) as rewards_id,
    max(balance) filter (where asset = 'rewards' and location_id > 0) as rewards,
    max(version) filter (where asset = 'rewards' and location_id > 0) as rewards_version,
    max(account_id::text) filter (where asset = 'rewards' and location_id = 0) as program_rewards_id
from (
    select * from accounts
    where program_id = {program_id} and member_id = {member} and asset = any(array['points', 'rewards'])
        and location_id = any(array[0, {location_id}])
    for update
) a \\gset
select hold_id, account_id, amount, expires_at from holds
where program_id = {program_id} and status = 'pending'
    and account_id = any(array[:points_id, :rewards_id, :program_rewards_id]::uuid[]);
select transfer_id, account_id, redeemed, refunded from redemptions
where program_id = {program_id} and refunded < redeemed
    and account_id = any(array[:points_id, :rewards_id, :program_rewards_id]::uuid[]);
"""

_TRANSFER = """
insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, hold_id, source, metadata, effective_at, created_at)
values
"""

EARN_YARDSTICK = (
    """
\\set customer random(1, {customers})
\\set order random(1, 9000000000000000000)
begin;
select status, points_earned, rewards_converted from paid_orders
where program_id = {program_id} and location_id = {location_id} and order_id = 'yardstick_' || :order::bigint
union all
select status, points_earned, rewards_converted from paid_orders
where program_id = {program_id} and location_id::bigint = {location_id}
    and payment_event_id = 'yardstick_' || :order::bigint;
select count(*) as memberships from memberships
where program_id = {program_id} and member_id = {member} and location_id = any(array[0, {location_id}])
    and status in ('active', 'trialing', 'past_due') \\gset
"""
    + _ACCOUNTS
    + """
\\set earned 25 * (1 + least(:memberships, 1))
\\set converted (:points + :earned) / 100
"""
    + _TRANSFER
    + """
    ({program_id}, yardstick_id(), :points_id, :points_version + 1, 'earn', 'earn_order', :earned,
    :points::bigint + :earned, 'issuance', null, 'sessions', jsonb_build_object('order_id', :order::bigint),
    clock_timestamp(), clock_timestamp())
returning transfer_id as earn_id \\gset
\\if :converted > 0
"""
    + _TRANSFER
    + """
    ({program_id}, yardstick_id(), :points_id, :points_version + 2, 'adjust', 'convert', -100 * :converted,
    :points::bigint + :earned - 100 * :converted, 'conversion', null, 'sessions',
    jsonb_build_object('order_id', :order::bigint), clock_timestamp(), clock_timestamp()),
    ({program_id}, yardstick_id(), :rewards_id, :rewards_version + 1, 'adjust', 'convert', :converted,
    :rewards::bigint + :converted, 'conversion', null, 'sessions',
    jsonb_build_object('order_id', :order::bigint), clock_timestamp(), clock_timestamp());
update accounts
set balance = balance + :earned - 100 * :converted, credited = credited + :earned,
    debited = debited + 100 * :converted, version = version + 2, updated_at = clock_timestamp()
where program_id = {program_id} and account_id = :points_id;
update accounts
set balance = balance + :converted, credited = credited + :converted, version = version + 1,
    updated_at = clock_timestamp()
where program_id = {program_id} and account_id = :rewards_id;
\\else
update accounts
set balance = balance + :earned, credited = credited + :earned, version = version + 1,
    updated_at = clock_timestamp()
where program_id = {program_id} and account_id = :points_id;
\\endif
insert into paid_orders (program_id, location_id, order_id, payment_event_id, status, total_minor, currency,
    paid_at, member_id, cart_session_id, points_earned, rewards_converted, earn_id, created_at, earned_at,
    updated_at)
values ({program_id}, {location_id}, 'yardstick_' || :order::bigint, 'yardstick_' || :order::bigint, 'earned',
    2599, 'GBP', now(), {member}, 'yardstick_' || :order::bigint, :earned, :converted, :earn_id, now(), now(),
    now());
update passes
set sequence = nextval('pass_sequences'), status = 'queued', reason = 'points_earned', due_at = now(),
    modified_at = greatest(date_trunc('second', now()), modified_at + interval '1 second')
where program_id = {program_id} and member_id = {member} and location_id = {location_id} and ended_at is null;
end;
"""
)

APPLY_YARDSTICK = (
    """
\\set customer random(1, {customers})
\\set cart random(1, 9000000000000000000)
begin;
insert into carts (program_id, location_id, cart_session_id, member_id, attached_at)
select {program_id}, {location_id}, 'yardstick_' || :cart::bigint, member_id, now() from members
where program_id = {program_id} and member_id = {member} and status <> 'erased'
on conflict do nothing;
select member_id from carts
where program_id = {program_id} and location_id = {location_id}
    and cart_session_id = 'yardstick_' || :cart::bigint
for update;
select * from cart_holds
where program_id = {program_id} and location_id = {location_id}
    and cart_session_id = 'yardstick_' || :cart::bigint
for update;
select * from cart_hold_requests
where program_id = {program_id} and location_id = {location_id} and scope = 'yardstick'
    and key = 'yardstick_' || :cart::bigint;
"""
    + _ACCOUNTS
    + """
insert into holds (program_id, hold_id, account_id, amount, status, expires_at, subject, created_at)
values ({program_id}, yardstick_id(), :rewards_id, 1, 'pending', now() + interval '15 minutes',
    jsonb_build_object('cart', :cart::bigint), now())
returning hold_id as reservation_id \\gset
"""
    + _TRANSFER
    + """
    ({program_id}, yardstick_id(), :rewards_id, :rewards_version + 1, 'reserve', 'reward_held', 0, :rewards,
    'reservation', :reservation_id, 'sessions', jsonb_build_object('cart', :cart::bigint), clock_timestamp(),
    clock_timestamp());
update accounts
set held = held + 1, version = version + 1, updated_at = clock_timestamp()
where program_id = {program_id} and account_id = :rewards_id;
insert into cart_holds (program_id, location_id, hold_id, cart_session_id, member_id, venue_rewards,
    program_rewards, venue_hold_id, discount_minor, status, expires_at, created_at)
values ({program_id}, {location_id}, yardstick_id(), 'yardstick_' || :cart::bigint, {member}, 1, 0,
    :reservation_id, 100, 'active', now() + interval '15 minutes', now())
returning hold_id \\gset
insert into cart_hold_requests (program_id, location_id, scope, key, cart_session_id, member_id, reward_count,
    hold_id, created_at)
values ({program_id}, {location_id}, 'yardstick', 'yardstick_' || :cart::bigint,
    'yardstick_' || :cart::bigint, {member}, 1, :hold_id, now());
end;
"""
)


async def prepare_yardstick(conninfo: str) -> None:
    """Makes what the yardsticks make their ids with."""
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await connection.execute(IDS)
