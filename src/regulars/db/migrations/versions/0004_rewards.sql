-- What points are spent on and what they are earned by. Nothing refers to these rows: a hold and a transfer
-- keep what a reward or a template was at the time, so a row can go without taking history along.

create table rewards (
    program_id integer not null,
    reward_id integer not null,
    name text not null,
    description text,
    cost bigint not null,
    image_url text,
    youtube_url text,
    active boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (program_id, reward_id),
    foreign key (program_id) references programs (program_id),
    constraint reward_id_is_positive check (reward_id > 0),
    constraint name_is_short check (char_length(name) between 1 and 200),
    constraint description_is_short check (char_length(description) <= 2000),
    constraint cost_is_in_range check (cost between 0 and 9007199254740991)
);
create index rewards_by_cost on rewards (program_id, cost, reward_id);

create table earn_templates (
    program_id integer not null,
    template_id integer not null,
    title text not null,
    points bigint not null,
    description text,
    youtube_url text,
    active boolean not null default true,
    sort_order integer not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (program_id, template_id),
    foreign key (program_id) references programs (program_id),
    constraint template_id_is_positive check (template_id > 0),
    constraint title_is_short check (char_length(title) between 1 and 200),
    constraint description_is_short check (char_length(description) <= 2000),
    constraint points_are_in_range check (points between 1 and 9007199254740991)
);
create index earn_templates_by_sort_order on earn_templates (program_id, sort_order, template_id);

grant select, insert, update, delete on rewards, earn_templates to regulars_server;
