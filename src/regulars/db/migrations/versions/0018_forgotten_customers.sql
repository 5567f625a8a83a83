-- Customers whom the shop had forgotten. News of their subscriptions may arrive later than the erasure, and must not
-- bring them back. No personal data: the digest is made with the server's secret key, and with another key it says
-- nothing any more.
create table forgotten_customers (
    program_id integer not null,
    digest bytea not null,
    forgotten_at timestamptz not null,
    primary key (program_id, digest),
    foreign key (program_id) references programs (program_id),
    constraint digest_is_whole check (octet_length(digest) = 32)
);
comment on column forgotten_customers.forgotten_at is 'What the shop tells of before changes nothing.';

grant select, insert, update on forgotten_customers to regulars_server;
