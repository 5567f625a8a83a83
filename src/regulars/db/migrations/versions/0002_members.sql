-- Members, what they are recognised by, and where requests came from. Personal data lives here and nowhere
-- else: every other table holds ids.

create table members (
    program_id integer not null,
    member_id uuid not null,
    number integer not null,
    status text not null default 'active',
    handle text,
    name text not null,
    email text,
    phone text,
    birth_date date,
    sex text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- No field can hold a line break, so a search never matches across two fields.
    search_text text not null generated always as (
        lower(
            name || E'\n' || coalesce(handle, '') || E'\n' || coalesce(email, '') || E'\n' || coalesce(phone, '')
        )
    ) stored,
    primary key (program_id, member_id),
    foreign key (program_id) references programs (program_id),
    constraint member_number_is_unique unique (program_id, number),
    constraint number_is_positive check (number > 0),
    constraint status_is_known check (status in ('active', 'inactive', 'erased')),
    constraint fields_have_no_line_breaks check (
        strpos(name || coalesce(handle, '') || coalesce(email, '') || coalesce(phone, ''), E'\n') = 0
    ),
    constraint erased_members_are_blank check (
        status <> 'erased'
        or (
            name = '' and handle is null and email is null and phone is null and birth_date is null
            and sex is null
        )
    )
);
create unique index member_handle_is_unique on members (program_id, handle) where handle is not null;
create unique index member_email_is_unique on members (program_id, lower(email))
    where status = 'active' and email is not null;

-- What a member is recognised by besides the handle and the e-mail address, which a member has one of at
-- most: phones, RFID fobs, QR codes, card and pass tokens. A value that was replaced stays as an ended row.
create table identifiers (
    program_id integer not null,
    identifier_id integer not null,
    member_id uuid not null,
    kind text not null,
    value text not null,
    label text,
    location_id integer,
    created_at timestamptz not null,
    ended_at timestamptz,
    primary key (program_id, identifier_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    constraint identifier_id_is_positive check (identifier_id > 0),
    constraint kind_is_plain check (kind ~ '^[a-z][a-z0-9_]{0,31}$' and kind not in ('handle', 'email')),
    constraint value_is_short check (length(value) between 1 and 200)
);
create unique index identifier_value_is_unique on identifiers (program_id, kind, value)
    where ended_at is null;
create index identifiers_of_member on identifiers (program_id, member_id, identifier_id);

-- One row per day, address and user agent, so that a kiosk that calls all day adds one row, and so that
-- what is older than the retention can be forgotten although the same kiosk still calls.
create table origins (
    program_id integer not null,
    origin_id uuid not null,
    day date not null,
    address text not null,
    user_agent text not null,
    primary key (program_id, origin_id),
    foreign key (program_id) references programs (program_id),
    constraint origin_is_unique_per_day unique (program_id, day, address, user_agent),
    constraint origin_is_short check (length(address) <= 64 and length(user_agent) <= 300)
);

alter table credentials add constraint credential_of_a_member
    foreign key (program_id, member_id) references members (program_id, member_id);

grant select, insert, update on members to regulars_server;
grant select, insert, update, delete on identifiers to regulars_server;
grant select, insert, update, delete on origins to regulars_server;
