-- Counts of verbs, added up by every process. A success has an empty failure. The few rows are updated
-- several times a second, so room is left beside each for its next version.

create table verb_counts (
    program_id integer not null,
    verb text not null,
    failure text not null default '',
    count bigint not null,
    duration_microseconds_total bigint not null,
    since timestamptz not null,
    primary key (program_id, verb, failure),
    foreign key (program_id) references programs (program_id),
    constraint count_is_positive check (count > 0),
    constraint duration_is_not_negative check (duration_microseconds_total >= 0)
) with (fillfactor = 20);

grant select, insert, update on verb_counts to regulars_server;
