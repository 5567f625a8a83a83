-- The server works the queue: it adds, takes, finishes and forgets jobs.
grant select, insert, update, delete
    on procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers
    to regulars_server;
grant usage, select
    on procrastinate_jobs_id_seq, procrastinate_events_id_seq, procrastinate_periodic_defers_id_seq,
       procrastinate_workers_id_seq
    to regulars_server;
