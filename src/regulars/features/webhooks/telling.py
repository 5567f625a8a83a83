"""The part of a statement that notes events and makes their deliveries.

Whatever a statement does it can tell of itself: it names what happened in a `happened` of its own, and TOLD
follows as its next parts. `happened` has for each event its `event_id`, `type`, `data` and `occurred_at`; the
statement takes the parameters `program_id` and `now`.
"""

from typing import LiteralString

# An event is kept if an endpoint of its program wants it, be it disabled for now; those that are enabled get
# a delivery. Whoever delivers is told when this commits, once however many there are; in a part that only
# selects it would not run, because nobody asks for its rows.
TOLD: LiteralString = """
wishes as materialized (
    select endpoint_id, status, types from webhook_endpoints
    where program_id = %(program_id)s and status <> 'removed'
),
told as materialized (
    select h.event_id, h.type, h.data, h.occurred_at,
        array['*', split_part(h.type, '.', 1) || '.*', h.type] as filters
    from happened h
    where exists (select from wishes)
),
kept as (
    insert into events (program_id, event_id, type, data, occurred_at, created_at)
    select %(program_id)s, t.event_id, t.type, t.data, t.occurred_at, %(now)s::timestamptz
    from told t
    where exists (select from wishes w where w.types && t.filters)
),
made as (
    insert into webhook_deliveries (program_id, endpoint_id, event_id, created_at, due_at)
    select %(program_id)s, w.endpoint_id, t.event_id, %(now)s::timestamptz, %(now)s::timestamptz
    from told t
    join wishes w on w.types && t.filters
    where w.status = 'enabled'
    returning pg_notify('regulars_webhooks', '')
)
"""
