-- Which of Stripe's events were taken in, and the order in which Stripe was asked.

-- Stripe delivers an event at least once. Its row is written in the transaction of its effect.
create table stripe_events (
    program_id integer not null,
    consumer text not null,
    event_id text not null,
    received_at timestamptz not null,
    primary key (program_id, consumer, event_id),
    foreign key (program_id) references programs (program_id),
    constraint ids_are_short check (length(consumer) between 1 and 50 and length(event_id) between 1 and 255)
);
create index stripe_events_by_age on stripe_events using brin (received_at);

-- A number is taken before Stripe is asked: of two answers, the one with the greater number knows at least as
-- much, however late the other one is written down.
create sequence stripe_question_numbers;

grant select, insert, delete on stripe_events to regulars_server;
grant usage on sequence stripe_question_numbers to regulars_server;
