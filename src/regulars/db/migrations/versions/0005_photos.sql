-- One row per photo in the photo store. The files are written first, so a row always has its files; files
-- without a row are left over from a request that failed, and swept.

create table photos (
    program_id integer not null,
    photo_id uuid not null,
    purpose text not null,
    extension text not null,
    width integer not null,
    height integer not null,
    size_bytes integer not null,
    thumbnail_size_bytes integer not null,
    owner_id uuid,
    created_at timestamptz not null,
    used_at timestamptz,
    primary key (program_id, photo_id),
    foreign key (program_id) references programs (program_id),
    constraint purpose_is_plain check (purpose ~ '^[a-z]{1,20}$'),
    constraint extension_is_known check (extension in ('jpg', 'webp')),
    constraint size_is_positive check (width > 0 and height > 0 and size_bytes > 0 and thumbnail_size_bytes > 0)
);
comment on column photos.owner_id is 'The member whose photo it is, so that it goes when the member is erased.';
comment on column photos.used_at is 'When something first referred to it. Photos that nothing uses are swept.';

create index unused_photos on photos (created_at) where used_at is null;
create index photos_of_owner on photos (program_id, owner_id) where owner_id is not null;
-- A file names its photo but not its program, so the sweep asks for photos by id alone.
create index photos_by_id on photos (photo_id);

grant select, insert, update, delete on photos to regulars_server;
