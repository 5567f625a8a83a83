-- Endpoints that are told of events, the secrets that they are signed with, and one delivery for each event
-- and each endpoint that wants it.

-- A removed one stays as long as its deliveries do, and wants nothing any more. The filters are types of
-- events, all types of one kind (loan.*), or everything (*).
create table webhook_endpoints (
    program_id integer not null,
    endpoint_id integer not null,
    url text not null,
    description text not null default '',
    types text[] not null,
    status text not null default 'enabled',
    -- Of any of them; whether of the one at hand is looked at when it is told.
    tells_transfers boolean not null generated always as (
        status <> 'removed' and types && array[
            '*', 'transfer.*', 'transfer.earned', 'transfer.redeemed', 'transfer.refunded', 'transfer.adjusted',
            'transfer.reserved', 'transfer.captured', 'transfer.released', 'transfer.expired', 'transfer.clawed_back'
        ]
    ) stored,
    reason text,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    delivered_at timestamptz,
    primary key (program_id, endpoint_id),
    foreign key (program_id) references programs (program_id),
    constraint endpoint_id_is_positive check (endpoint_id > 0),
    constraint url_is_short check (length(url) <= 2000),
    constraint description_is_short check (length(description) <= 200),
    constraint some_types_are_wanted check (cardinality(types) between 1 and 50),
    constraint status_is_known check (status in ('enabled', 'disabled', 'removed')),
    constraint disabled_for_a_reason check ((status = 'disabled') = (reason is not null)),
    constraint reason_is_short check (length(reason) <= 100)
);
comment on column webhook_endpoints.delivered_at is 'When an event got through last, to the minute.';

-- The ledger asks before it books, with one look at an index for a program without endpoints.
create view programs_told_of_transfers as
select program_id from webhook_endpoints
where tells_transfers;

-- Encrypted, because they have to be read to sign. While a secret is replaced, several are valid.
create table webhook_secrets (
    program_id integer not null,
    endpoint_id integer not null,
    secret_id uuid not null,
    sealed bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    primary key (program_id, endpoint_id, secret_id),
    foreign key (program_id, endpoint_id) references webhook_endpoints (program_id, endpoint_id),
    constraint sealed_is_short check (length(sealed) <= 300)
);

-- due_at says when a worker may take it: since the event happened, when the lease of the one that has it
-- ends, or when it is tried again. None: it got through, or it was tried as often as the schedule says.
create table webhook_deliveries (
    program_id integer not null,
    endpoint_id integer not null,
    event_id uuid not null,
    created_at timestamptz not null,
    state text not null default 'pending',
    attempts smallint not null default 0,
    due_at timestamptz,
    lease_id uuid,
    tried_at timestamptz,
    milliseconds integer,
    answer_status smallint,
    answer text,
    trouble text,
    failures jsonb not null default '[]',
    primary key (program_id, event_id, endpoint_id),
    foreign key (program_id, endpoint_id) references webhook_endpoints (program_id, endpoint_id),
    foreign key (program_id, event_id) references events (program_id, event_id) on delete cascade,
    constraint state_is_known check (state in ('pending', 'delivered', 'failed')),
    constraint pending_is_due check ((state = 'pending') = (due_at is not null)),
    constraint only_what_is_pending_is_leased check (lease_id is null or state = 'pending'),
    constraint attempts_are_counted check (attempts >= 0),
    constraint texts_are_short check (length(answer) <= 500 and length(trouble) <= 200),
    constraint failures_are_few check (jsonb_array_length(failures) <= 20)
) with (fillfactor = 80);
comment on column webhook_deliveries.attempts is 'Those of the present schedule; a replay begins a new one.';
comment on column webhook_deliveries.failures is 'The latest attempts that failed.';

-- One index for what is to be done and one for what is past, because with one for both, a plan that was made without
-- statistics looked for the few that are due among all that there are of the endpoint.
create index due_webhooks on webhook_deliveries (program_id, endpoint_id, due_at) where due_at is not null;
create index past_webhooks on webhook_deliveries (program_id, endpoint_id, state, event_id) where due_at is null;
create index events_by_age on events using brin (created_at);

-- What happened is not rewritten: the server's role may only forget what is older than a week, with the deliveries,
-- through this one function. By row address, because a join with a set of unknown size would be planned over all rows.
create function forget_events(p_older_than timestamptz, p_limit integer) returns bigint
language plpgsql security definer set search_path from current as $$
declare
    forgotten bigint;
begin
    delete from events
    where ctid = any (array(
        select ctid from events
        where created_at < least(p_older_than, now() - interval '7 days')
        limit p_limit
    ));
    get diagnostics forgotten = row_count;
    return forgotten;
end
$$;
revoke all on function forget_events(timestamptz, integer) from public;

grant execute on function forget_events(timestamptz, integer) to regulars_server;
grant select on programs_told_of_transfers to regulars_server;
grant select, insert, update on webhook_endpoints to regulars_server;
grant select, insert, delete, update on webhook_secrets to regulars_server;
grant select, insert, update on webhook_deliveries to regulars_server;
