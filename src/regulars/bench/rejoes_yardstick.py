"""What taking along and bringing back must do at least, for pgbench: a prepared statement for each step.

pgbench works on the server's own tables, in its role and with its planner settings. What it writes keeps
every invariant, so that the loans of a benchmark can be verified after it. The answers that it keeps are as
long as the server's.
"""

_CLAIM = """
select nextval('yardstick_{numbers}') as number \\gset
begin;
insert into replays (program_id, scope, key, fingerprint, subject_id, created_at)
values ({program_id}, 'yardstick', '{what}-' || :number::bigint,
    decode(md5(:number::text) || md5('{what}'), 'hex'), {member_id}, now())
on conflict (program_id, scope, key) do nothing
returning true;
select fingerprint, status, body from replays
where program_id = {program_id} and scope = 'yardstick' and key = '{what}-' || :number::bigint;
select b.*, m.status
from (
    select * from borrowers where program_id = {program_id} and member_id = {member_id}
    limit 1 for no key update
) b
cross join lateral (
    select status from members where program_id = {program_id} and member_id = b.member_id limit 1
) m;
"""

_END = """
insert into events (program_id, event_id, type, data, occurred_at, created_at)
values ({program_id}, yardstick_id(), 'loan.{event}', jsonb_build_object('loan_id', :loan_id::text,
    'member_id', {member_id}, 'due_at', now()), now(), now());
update replays set status = {status}, body = decode(repeat(md5(:number::text), {answer_parts}), 'hex')
where program_id = {program_id} and scope = 'yardstick' and key = '{what}-' || :number::bigint;
end;
"""

CHECKOUT_YARDSTICK = (
    _CLAIM
    + """
select photo_id, owner_id, purpose, used_at, size_bytes, original_name, received_mime_type from photos
where program_id = {program_id} and photo_id = any(array[{photo_id}])
order by photo_id
for no key update;
update photos set used_at = now() where program_id = {program_id} and photo_id = any(array[{photo_id}]);
insert into loans (program_id, loan_id, member_id, store_location, checked_out_at, due_at)
values ({program_id}, yardstick_id(), {member_id}, '{store}', now(), now() + interval '30 days')
returning loan_id \\gset
insert into loan_photos (program_id, loan_id, position, photo_id)
values ({program_id}, :loan_id, 1, {photo_id});
update borrowers set items_used = items_used + 1, items_out = items_out + 1, updated_at = now()
where program_id = {program_id} and member_id = {member_id};
"""
    + _END
)

_LOAN = """
select l.loan_id, json_build_object('loan', to_json(l), 'photos', (
    select coalesce(json_agg(to_json(p) order by lp.position), '[]')
    from loan_photos lp
    cross join lateral (
        select * from photos where program_id = lp.program_id and photo_id = lp.photo_id limit 1
    ) p
    where lp.program_id = l.program_id and lp.loan_id = l.loan_id
))::text as loan
from (
    select * from loans
    where program_id = {program_id} and member_id = {member_id} and loan_id = {loan_id}
    limit 1 for no key update
) l \\gset
"""

RETURN_YARDSTICK = (
    _CLAIM
    + _LOAN
    + """
update loans set returned_at = now() where program_id = {program_id} and loan_id = :loan_id;
update borrowers set items_out = items_out - 1, updated_at = now()
where program_id = {program_id} and member_id = {member_id};
"""
    + _END
)
