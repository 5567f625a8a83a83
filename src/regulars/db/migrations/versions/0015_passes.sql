-- Wallet passes, what the phones have still to be told of them, and which phones want to know.

-- One for all passes: a phone asks what has changed since the greatest number it was told.
create sequence pass_sequences;

-- One row is both the pass and its update, so that only the newest state of a pass is ever under way. due_at
-- says when a worker may take it: since it was queued, when the lease of the one that has it ends, or when it
-- is tried again. None: there is nothing to tell, or it was tried too often.
create table passes (
    program_id integer not null,
    pass_id uuid not null,
    member_id uuid not null,
    location_id integer not null,
    identifier_id integer,
    created_at timestamptz not null,
    ended_at timestamptz,
    sequence bigint not null default nextval('pass_sequences'),
    modified_at timestamptz not null,
    google_saved boolean not null default false,
    status text not null default 'sent',
    reason text not null default '',
    trouble text,
    attempts integer not null default 0,
    due_at timestamptz,
    taken_sequence bigint,
    lease_id uuid,
    primary key (program_id, pass_id),
    constraint pass_of_a_member foreign key (program_id, member_id) references members (program_id, member_id),
    constraint pass_at_a_location foreign key (program_id, location_id)
        references locations (program_id, location_id),
    -- A member who is erased takes the identifiers along, and with them what the passes can be found by.
    constraint pass_has_a_token foreign key (program_id, identifier_id)
        references identifiers (program_id, identifier_id) on delete set null (identifier_id),
    constraint token_is_of_one_pass unique (program_id, identifier_id),
    -- Phones compare it to the second.
    constraint modified_at_is_whole check (modified_at = date_trunc('second', modified_at)),
    constraint status_is_known check (status in ('queued', 'processing', 'sent', 'failed')),
    constraint due_as_the_status_says check (
        case status when 'sent' then due_at is null when 'failed' then true else due_at is not null end
    ),
    constraint processing_is_leased check (status <> 'processing' or lease_id is not null),
    constraint attempts_are_counted check (attempts >= 0),
    constraint reason_is_short check (length(reason) <= 100 and length(trouble) <= 100)
) with (fillfactor = 80);
comment on column passes.identifier_id is 'The token; none for a member who was erased.';
comment on column passes.google_saved is 'Whether a link was made with which Google may have got to know it.';
comment on column passes.taken_sequence is 'The state that the worker told or tells.';

-- Of many who issue the same pass at once, this key decides which one does.
create unique index one_pass_of_a_member_and_venue on passes (program_id, member_id, location_id)
    where ended_at is null;
create index due_passes on passes (due_at) where due_at is not null;
-- The few whose members were erased and of whom nobody has been told so yet.
create index passes_of_nobody on passes (program_id, pass_id) where identifier_id is null and ended_at is null;

-- The device is a keyed digest, because it is only compared; the push token is encrypted, because it has to be
-- read to be used. Both go with the identifier when its member is erased.
create table pass_registrations (
    program_id integer not null,
    device bytea not null,
    identifier_id integer not null,
    pass_id uuid not null,
    push_token bytea not null,
    pushed_sequence bigint not null,
    registered_at timestamptz not null,
    primary key (program_id, device, identifier_id),
    foreign key (program_id, identifier_id) references identifiers (program_id, identifier_id)
        on delete cascade,
    foreign key (program_id, pass_id) references passes (program_id, pass_id),
    constraint device_is_a_digest check (length(device) = 32),
    constraint push_token_is_short check (length(push_token) <= 300)
);
create index registrations_of_pass on pass_registrations (program_id, identifier_id, device);
comment on column pass_registrations.pushed_sequence is 'The newest state that the phone was told of.';

grant select, insert, update on passes to regulars_server;
grant select, insert, update, delete on pass_registrations to regulars_server;
grant usage, select on sequence pass_sequences to regulars_server;
