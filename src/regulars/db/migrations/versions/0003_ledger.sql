-- The ledger. What may never happen is refused here, whatever the code above does.

create table accounts (
    program_id integer not null,
    account_id uuid not null,
    member_id uuid not null,
    asset text not null,
    location_id integer not null default 0,
    balance bigint not null default 0,
    held bigint not null default 0,
    credited bigint not null default 0,
    debited bigint not null default 0,
    version bigint not null default 0,
    closed_at timestamptz,
    updated_at timestamptz not null,
    primary key (program_id, account_id),
    unique (program_id, member_id, asset, location_id),
    foreign key (program_id, member_id) references members (program_id, member_id),
    constraint balance_is_credited_less_debited check (balance = credited - debited),
    constraint balance_is_not_negative check (balance >= 0 and balance <= 9007199254740991),
    constraint held_is_part_of_balance check (held >= 0 and held <= balance),
    constraint version_is_not_negative check (version >= 0)
) with (fillfactor = 70);
-- Room is left on each page so that a posting updates the row in place, without touching an index.

create table transfers (
    program_id integer not null,
    transfer_id uuid not null,
    account_id uuid not null,
    version bigint not null,
    verb text not null,
    action text not null,
    amount bigint not null,
    balance_after bigint not null,
    counterparty text not null,
    parent_id uuid,
    hold_id uuid,
    source text not null,
    actor text,
    reason text,
    note text,
    origin_id uuid,
    metadata jsonb,
    idempotency_key text,
    expires_at timestamptz,
    effective_at timestamptz not null,
    created_at timestamptz not null,
    primary key (program_id, transfer_id),
    unique (program_id, account_id, version),
    constraint version_is_positive check (version >= 1),
    constraint balance_after_is_not_negative check (balance_after >= 0),
    constraint verb_is_known check (
        verb in ('earn', 'redeem', 'adjust', 'refund', 'reserve', 'capture', 'release', 'expire')
    ),
    constraint sign_fits_verb check (
        case
            when verb in ('earn', 'refund') then amount > 0
            when verb = 'redeem' then amount < 0
            when verb = 'capture' then amount <= 0
            when verb = 'adjust' then amount <> 0
            else amount = 0
        end
    )
);
comment on column transfers.expires_at is 'When a credit lapses. Kept free for the expiry of points.';
create index transfers_of_parent on transfers (program_id, parent_id) where parent_id is not null;

create table holds (
    program_id integer not null,
    hold_id uuid not null,
    account_id uuid not null,
    amount bigint not null,
    status text not null,
    captured bigint,
    expires_at timestamptz,
    subject jsonb,
    note text,
    created_at timestamptz not null,
    closed_at timestamptz,
    primary key (program_id, hold_id),
    foreign key (program_id, account_id) references accounts (program_id, account_id),
    constraint amount_is_not_negative check (amount >= 0),
    constraint status_is_known check (status in ('pending', 'captured', 'released', 'expired')),
    constraint captured_is_part_of_amount check (captured between 0 and amount),
    constraint captured_when_captured check ((status = 'captured') = (captured is not null)),
    constraint closed_when_not_pending check ((status = 'pending') = (closed_at is null))
);
create index holds_of_account on holds (program_id, account_id, hold_id);
create index pending_holds_of_account on holds (program_id, account_id, hold_id) where status = 'pending';
create index holds_by_status on holds (program_id, status, hold_id);
create index holds_due on holds (expires_at) where status = 'pending' and expires_at is not null;

-- A hold ends once, and is what it was made as until then: the id of one cannot be given to another.
create function refuse_second_life_of_holds() returns trigger language plpgsql as $$
begin
    raise exception 'holds end once' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger holds_end_once before update of account_id, amount, status, captured on holds for each row
    when (
        old.status <> 'pending' or new.status = 'pending'
        or new.account_id <> old.account_id or new.amount <> old.amount
    )
    execute function refuse_second_life_of_holds();

create table redemptions (
    program_id integer not null,
    transfer_id uuid not null,
    account_id uuid not null,
    redeemed bigint not null,
    refunded bigint not null default 0,
    redeemed_at timestamptz not null,
    primary key (program_id, transfer_id),
    foreign key (program_id, account_id) references accounts (program_id, account_id),
    constraint refunds_do_not_exceed_the_redeem check (refunded >= 0 and refunded <= redeemed)
);
create index refundable_redemptions_of_account on redemptions (program_id, account_id, transfer_id)
    where refunded < redeemed;
create index redemptions_of_account on redemptions (program_id, account_id, transfer_id);

create table claims (
    program_id integer not null,
    scope text not null,
    key text not null,
    fingerprint bytea not null,
    transfer_id uuid,
    refusal jsonb,
    created_at timestamptz not null,
    primary key (program_id, scope, key),
    constraint key_fits_its_index check (octet_length(scope) <= 200 and octet_length(key) <= 2000),
    constraint one_outcome check ((transfer_id is null) <> (refusal is null))
);
create index claims_by_age on claims using brin (created_at);

-- The last version of an account that was booked before a moment, 0 when there is none. Versions have no gaps
-- and times follow them, so it is found by halving: 20 look-ups among a million transfers.
create function version_before(p_program_id integer, p_account_id uuid, p_at timestamptz) returns bigint
language plpgsql stable as $$
declare
    low bigint := 0;
    high bigint;
    middle bigint;
begin
    select version into high from accounts where program_id = p_program_id and account_id = p_account_id;
    while low < high loop
        middle := (low + high + 1) / 2;
        if (
            select t.created_at < p_at from transfers t
            where t.program_id = p_program_id and t.account_id = p_account_id and t.version = middle
        ) then
            low := middle;
        else
            high := middle - 1;
        end if;
    end loop;
    return low;
end
$$;

-- Transfers are append-only: the server's role may not change or remove them, and a trigger says so to
-- every other role as well. Only erasure may blank the free text of a note, through this one function.
create function refuse_change_of_transfers() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and current_setting('regulars.redacting', true) = 'on'
        and to_jsonb(new) - 'note' = to_jsonb(old) - 'note' and new.note is null then
        return new;
    end if;
    raise exception 'transfers are append-only' using errcode = 'insufficient_privilege';
end
$$;
create trigger transfers_are_append_only before update or delete on transfers
    for each row execute function refuse_change_of_transfers();
create trigger transfers_are_not_truncated before truncate on transfers
    for each statement execute function refuse_change_of_transfers();

create function redact_notes(p_program_id integer, p_member_id uuid) returns bigint
language plpgsql security definer set search_path from current as $$
declare
    changed bigint;
begin
    perform set_config('regulars.redacting', 'on', true);
    update transfers t set note = null
    from accounts a
    where a.program_id = p_program_id and a.member_id = p_member_id
        and t.program_id = a.program_id and t.account_id = a.account_id and t.note is not null;
    get diagnostics changed = row_count;
    update holds h set note = null
    from accounts a
    where a.program_id = p_program_id and a.member_id = p_member_id
        and h.program_id = a.program_id and h.account_id = a.account_id and h.note is not null;
    perform set_config('regulars.redacting', '', true);
    return changed;
end
$$;
revoke all on function redact_notes(integer, uuid) from public;

grant select, insert, update on accounts, holds, redemptions to regulars_server;
grant select, insert on transfers to regulars_server;
grant select, insert, delete on claims to regulars_server;
grant execute on function redact_notes(integer, uuid) to regulars_server;
