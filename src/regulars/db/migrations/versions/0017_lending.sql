-- Lending: who may borrow how much, what is out, and the photos of it. Beside it what lending needs and others may
-- use: events to be told to others, and answers that are given again under their idempotency key.

-- What was received, as the gallery of a loan tells it; the file itself is not kept.
alter table photos
    add column original_name text,
    add column received_mime_type text,
    add column received_bytes integer,
    add constraint what_was_received_is_short check (
        length(original_name) <= 255 and length(received_mime_type) <= 100 and received_bytes > 0
    );

-- What happened, written in the transaction that made it happen. The data hold ids and no personal data.
create table events (
    program_id integer not null,
    event_id uuid not null,
    type text not null,
    data jsonb not null,
    occurred_at timestamptz not null,
    created_at timestamptz not null,
    primary key (program_id, event_id),
    foreign key (program_id) references programs (program_id),
    constraint type_is_plain check (type ~ '^[a-z][a-z_]*(\.[a-z][a-z_]*)+$' and length(type) <= 100),
    constraint data_is_an_object check (jsonb_typeof(data) = 'object')
);

-- The answer that a request got under its idempotency key. The row is there from the beginning of the request's
-- transaction, so that whoever repeats it meanwhile waits; the answer is written at its end.
create table replays (
    program_id integer not null,
    scope text not null,
    key text not null,
    fingerprint bytea not null,
    status smallint,
    body bytea,
    subject_id uuid,
    created_at timestamptz not null,
    primary key (program_id, scope, key),
    foreign key (program_id) references programs (program_id),
    constraint key_fits_its_index check (
        length(scope) between 1 and 200 and length(key) between 1 and 255
    ),
    constraint status_is_http check (status between 100 and 599),
    constraint an_answer_is_whole check ((status is null) = (body is null))
) with (fillfactor = 70);
comment on column replays.subject_id is 'The member whom the answer is about, so that it goes when the member is erased.';
create index replays_of_subject on replays (program_id, subject_id) where subject_id is not null;
create index replays_by_age on replays using brin (created_at);

-- A member's subscription, and what it has used of its present cycle. The row is also what everybody locks who lends
-- to the member or takes something back.
create table borrowers (
    program_id integer not null,
    member_id uuid not null,
    plan text not null,
    status text not null,
    cycle_anchor_at timestamptz not null,
    cycle_starts_at timestamptz not null,
    cycle_ends_at timestamptz not null,
    items_used integer not null default 0,
    swaps_used integer not null default 0,
    items_out integer not null default 0,
    told_cycle_at timestamptz,
    store_location text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (program_id, member_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    constraint plan_is_short check (length(plan) between 1 and 40),
    constraint status_is_known check (status in ('ACTIVE', 'PAUSED', 'CANCELLED')),
    constraint cycle_has_a_length check (cycle_anchor_at <= cycle_starts_at and cycle_starts_at < cycle_ends_at),
    constraint counts_are_not_negative check (items_used >= 0 and swaps_used >= 0 and items_out >= 0),
    constraint store_location_is_short check (length(store_location) between 1 and 200)
) with (fillfactor = 80);
comment on column borrowers.cycle_anchor_at is 'When the cycles began; each begins on that day of its month.';
comment on column borrowers.told_cycle_at is 'The latest cycle that the shop has told of. What it tells of an
earlier one comes late and counts for nothing.';

-- One garment that somebody has taken along, and whether it came back. It is due whatever becomes of the member.
create table loans (
    program_id integer not null,
    loan_id uuid not null,
    member_id uuid not null,
    store_location text not null,
    checked_out_at timestamptz not null,
    due_at timestamptz not null,
    returned_at timestamptz,
    swapped_for uuid,
    reminded_at timestamptz,
    overdue_at timestamptz,
    primary key (program_id, loan_id),
    foreign key (program_id, member_id) references borrowers (program_id, member_id),
    foreign key (program_id, swapped_for) references loans (program_id, loan_id),
    constraint store_location_is_short check (length(store_location) between 1 and 200),
    constraint due_after_it_was_taken check (due_at > checked_out_at),
    constraint what_was_swapped_came_back check (swapped_for is null or returned_at is not null),
    constraint nothing_is_swapped_for_itself check (swapped_for <> loan_id)
) with (fillfactor = 80);
comment on column loans.reminded_at is 'When loan.due_soon was told, which is once.';
comment on column loans.overdue_at is 'When loan.overdue was told, which is once.';

create index loans_of_member on loans (program_id, member_id, loan_id);
create index open_loans_of_member on loans (member_id, loan_id, program_id) where returned_at is null;
create unique index a_loan_replaces_one_other on loans (program_id, swapped_for) where swapped_for is not null;
create index loans_to_be_reminded_of on loans (program_id, due_at)
    where returned_at is null and reminded_at is null;
create index loans_to_be_called_overdue on loans (program_id, due_at)
    where returned_at is null and overdue_at is null;

-- The photos of a loan: the first is the one that is shown, the others are its gallery. They go with the photos,
-- which go with the member.
create table loan_photos (
    program_id integer not null,
    loan_id uuid not null,
    position integer not null,
    photo_id uuid not null,
    primary key (program_id, loan_id, position),
    foreign key (program_id, loan_id) references loans (program_id, loan_id),
    foreign key (program_id, photo_id) references photos (program_id, photo_id) on delete cascade,
    constraint a_photo_is_one_loans unique (program_id, photo_id),
    constraint positions_begin_at_one check (position between 1 and 100)
);

-- A loan is lent once and comes back once.
create function refuse_change_of_loans() returns trigger language plpgsql as $$
begin
    raise exception 'loans are returned once, by who took them' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger loans_are_returned_once before update on loans for each row
    when (
        (old.returned_at is not null and (new.returned_at, new.swapped_for)
            is distinct from (old.returned_at, old.swapped_for))
        or (new.member_id, new.store_location, new.checked_out_at, new.due_at)
            is distinct from (old.member_id, old.store_location, old.checked_out_at, old.due_at)
    )
    execute function refuse_change_of_loans();

grant select, insert on events, loan_photos to regulars_server;
grant select, insert, update on borrowers, loans to regulars_server;
grant select, insert, update, delete on replays to regulars_server;
