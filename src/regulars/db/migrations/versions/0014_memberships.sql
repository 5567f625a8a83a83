-- Memberships that are paid through Stripe, what they were granted for, and what had to come back.

-- One row for each subscription, as Stripe told of it under the question number. A location of 0 is every venue.
-- Half of each page is left free, because the monthly grant updates all of its rows at once: in place, without
-- touching an index.
create table memberships (
    program_id integer not null,
    subscription_id text not null,
    member_id uuid not null,
    location_id integer not null,
    sold_at_location_id integer not null,
    status text not null,
    stripe_status text not null,
    stripe_customer_id text,
    period_start timestamptz,
    period_end timestamptz,
    period_is_paid boolean not null default false,
    granted_period_start timestamptz,
    started_at timestamptz not null,
    question_number bigint not null default 0,
    updated_at timestamptz not null,
    primary key (program_id, subscription_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    foreign key (program_id, sold_at_location_id) references locations (program_id, location_id),
    constraint ids_are_short check (length(subscription_id) between 1 and 255 and length(stripe_customer_id) <= 255),
    constraint status_is_known check (status in ('none', 'active', 'trialing', 'past_due', 'canceled')),
    constraint location_is_the_venue_or_all check (location_id in (0, sold_at_location_id)),
    constraint a_paid_period_is_known check (not period_is_paid or period_start is not null)
) with (fillfactor = 50);
comment on column memberships.granted_period_start is 'The period that the monthly job need not look at again.';

create index memberships_of_member on memberships (program_id, member_id, location_id);
create index live_memberships on memberships (program_id, location_id, member_id, subscription_id)
    where status in ('active', 'trialing', 'past_due');
create index memberships_by_start on memberships (program_id, sold_at_location_id, started_at);

-- Periods whose payment Stripe told us of. What was granted for one may come back when the payment does.
create table membership_periods (
    program_id integer not null,
    subscription_id text not null,
    period_start timestamptz not null,
    invoice_id text not null,
    paid_minor bigint not null,
    granted integer not null,
    taken_back integer not null default 0,
    updated_at timestamptz not null,
    primary key (program_id, subscription_id, period_start),
    foreign key (program_id, subscription_id) references memberships (program_id, subscription_id),
    constraint something_was_paid check (paid_minor > 0),
    constraint no_more_comes_back_than_was_granted check (taken_back between 0 and granted)
);

create table membership_charges (
    program_id integer not null,
    charge_id text not null,
    subscription_id text not null,
    period_start timestamptz not null,
    refunded_minor bigint not null,
    disputed boolean not null,
    question_number bigint not null,
    primary key (program_id, charge_id),
    foreign key (program_id, subscription_id, period_start)
        references membership_periods (program_id, subscription_id, period_start),
    constraint refunded_is_not_negative check (refunded_minor >= 0)
);
create index membership_charges_of_period on membership_charges (program_id, subscription_id, period_start);

-- The one checkout that a member may have open for a membership. Callers who come at once find the same key, and
-- Stripe makes one session for it.
create table membership_checkouts (
    program_id integer not null,
    member_id uuid not null,
    location_id integer not null,
    checkout_key uuid not null,
    terms bytea not null,
    session_id text,
    url text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (program_id, member_id, location_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    constraint a_session_has_an_address check ((session_id is null) = (url is null))
);
comment on column membership_checkouts.terms is 'A digest of what the session was asked for.';

grant select, insert, update on memberships, membership_periods, membership_charges, membership_checkouts
    to regulars_server;
