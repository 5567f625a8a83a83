-- Programs, their locations, who may call, what they have set, and what they are allowed so many times.

-- The server's connections take this role: it owns nothing, so it can do only what each migration grants.
-- Roles belong to the whole PostgreSQL server, so another of its databases, or an administrator who grants no
-- right to create roles, may have made it already.
do $$
begin
    if not exists (select from pg_roles where rolname = 'regulars_server') then
        begin
            create role regulars_server nologin;
        exception when duplicate_object or unique_violation then
            null;  -- Another database made it at this very moment.
        end;
    end if;
    if not pg_has_role(current_user, 'regulars_server', 'usage') then
        execute format('grant regulars_server to %I', current_user);
    end if;
    execute format('grant usage on schema %I to regulars_server', current_schema());
end
$$;

-- A sequence rather than an identity column, because a distributed table takes no identity columns.
create sequence program_ids as integer;

create table programs (
    program_id integer not null default nextval('program_ids'),
    slug text not null,
    name text not null,
    currency text not null,
    time_zone text not null,
    settings jsonb not null default '{}',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (program_id),
    constraint program_id_is_positive check (program_id > 0),
    constraint program_slug_is_unique unique (slug),
    constraint slug_is_plain check (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    constraint currency_is_a_code check (currency ~ '^[A-Z]{3}$'),
    constraint settings_are_an_object check (jsonb_typeof(settings) = 'object')
);
alter sequence program_ids owned by programs.program_id;

-- The integers that contracts show are counted per program. A counter's row is updated very often, so room
-- is left beside it for the next version.
create table counters (
    program_id integer not null,
    name text not null,
    value bigint not null,
    primary key (program_id, name),
    foreign key (program_id) references programs (program_id),
    constraint value_is_positive check (value > 0)
) with (fillfactor = 20);

create table locations (
    program_id integer not null,
    location_id integer not null,
    slug text not null,
    name text not null,
    time_zone text not null,
    currency text not null,
    active boolean not null default true,
    settings jsonb not null default '{}',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (program_id, location_id),
    foreign key (program_id) references programs (program_id),
    constraint location_id_is_positive check (location_id > 0),
    constraint location_slug_is_unique unique (program_id, slug),
    constraint slug_is_plain check (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    constraint currency_is_a_code check (currency ~ '^[A-Z]{3}$'),
    constraint settings_are_an_object check (jsonb_typeof(settings) = 'object')
);

-- A credential is who calls; its secrets are the keys that prove it. The members table adds the foreign key
-- for member_id.
create table credentials (
    program_id integer not null,
    credential_id integer not null,
    name text not null,
    scopes text[] not null,
    location_id integer,
    member_id uuid,
    created_at timestamptz not null,
    revoked_at timestamptz,
    primary key (program_id, credential_id),
    foreign key (program_id) references programs (program_id),
    foreign key (program_id, location_id) references locations (program_id, location_id),
    constraint credential_id_is_positive check (credential_id > 0)
);
create index credentials_of_member on credentials (program_id, member_id) where member_id is not null;

-- The prefix finds a secret before its program is known, so it is unique across programs.
create table credential_secrets (
    prefix text not null,
    digest bytea not null,
    program_id integer not null,
    credential_id integer not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    constraint secret_prefix_is_unique primary key (prefix),
    foreign key (program_id, credential_id) references credentials (program_id, credential_id),
    constraint digest_is_sha_256 check (octet_length(digest) = 32)
);
create index secrets_of_credential on credential_secrets (program_id, credential_id);

-- One row per limiter and subject, holding the times of the attempts that were let through, oldest first.
create table attempts (
    program_id integer not null,
    limiter text not null,
    subject text not null,
    attempted_at timestamptz[] not null,
    admitted boolean not null,
    updated_at timestamptz not null,
    primary key (program_id, limiter, subject),
    foreign key (program_id) references programs (program_id)
) with (fillfactor = 70);
comment on column attempts.admitted is 'Whether the latest attempt was let through.';
create index attempts_by_age on attempts using brin (updated_at);

grant usage on sequence program_ids to regulars_server;
grant select, insert, update on programs, counters, locations, credentials to regulars_server;
grant select, insert, update, delete on credential_secrets, attempts to regulars_server;

-- Readiness compares the schema with the one this version of the server needs.
grant select on schema_version to regulars_server;
