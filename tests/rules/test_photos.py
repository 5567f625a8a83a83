"""What kind of picture a file is, and where photos are found."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from regulars.base.ids import id_floor
from regulars.base.refusals import Refused
from regulars.features.photos.model import (
    PhotoName,
    PhotoPurpose,
    PhotoQuota,
    StoredFile,
    UnusedPhotos,
    WrittenPhoto,
)
from regulars.features.photos.rules import (
    file_attributes,
    file_path,
    file_paths,
    photo_at,
    photo_name,
    photo_of_file,
    photo_path,
    photos_of_old_files,
    picture_format,
    read_photo_name,
    refuse_over_quota,
)

ID = UUID("01920000-0000-7000-8000-0000000000ab")
PHOTO = WrittenPhoto(
    photo_id=ID,
    purpose=PhotoPurpose.REWARD,
    extension="jpg",
    width=1,
    height=1,
    size_bytes=1,
    thumbnail_size_bytes=1,
)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"GIF89a", "GIF"),
        (b"GIF87a", "GIF"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "WEBP"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<!DOCTYPE html>", None),
        (b"%PDF-1.7", None),
        (b"BM", None),
        (b"II*\x00", None),
        (b"PK\x03\x04", None),
        (b" \xff\xd8\xff", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_the_format_is_judged_by_content(received: bytes, expected: str | None) -> None:
    assert picture_format(received) == expected


def test_names_and_paths() -> None:
    assert photo_name(PHOTO) == f"{ID}.jpg"
    assert photo_path(PHOTO) == f"/photos/{ID}.jpg"
    assert photo_path(PHOTO, thumbnail=True) == f"/photos/{ID}.thumbnail.jpg"
    assert file_paths(PHOTO) == (f"reward/ab/{ID}.jpg", f"reward/ab/{ID}.thumbnail.jpg")
    assert file_path(PhotoPurpose.LOAN, PhotoName(ID, "webp")) == f"loan/ab/{ID}.webp"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{ID}.jpg", PhotoName(ID, "jpg")),
        (f"{ID}.webp", PhotoName(ID, "webp")),
        (f"{ID}.thumbnail.jpg", PhotoName(ID, "jpg", is_thumbnail=True)),
        (f"{ID}.png", None),
        (f"{ID}", None),
        (f"{ID}.JPG", None),
        (f"{str(ID).upper()}.jpg", None),
        (f"{ID.hex}.jpg", None),
        (f"{ID}.jpg\n", None),
        (f"{ID}.jpg#1", None),
        (f"../{ID}.jpg", None),
        (f"..%2f{ID}.jpg", None),
        (f"{ID}.jpg/../../etc/passwd", None),
        ("../../etc/passwd", None),
        (f"{ID}.jpg\0", None),
        (f"٠{str(ID)[1:]}.jpg", None),
        ("", None),
    ],
)
def test_only_our_own_names_are_read(name: str, expected: PhotoName | None) -> None:
    assert read_photo_name(name) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"/photos/{ID}.jpg", ID),
        (f"/photos/{ID}.thumbnail.webp", ID),
        (f"https://rewards.example.org/photos/{ID}.jpg", ID),
        (f"http://localhost:8000/photos/{ID}.jpg", ID),
        (f"/photos/{ID}.jpg?x=1", None),
        (f"/other/{ID}.jpg", None),
        (f"/a/photos/{ID}.jpg", None),
        ("/photos/cinema.jpg", None),
        ("https://example.org/cinema.jpg", None),
        ("", None),
        (None, None),
    ],
)
def test_which_photo_an_address_names(url: str | None, expected: UUID | None) -> None:
    assert photo_at(url) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"reward/ab/{ID}.jpg", ID),
        (f"loan/ab/{ID}.thumbnail.webp", ID),
        (f"backup/ab/{ID}.jpg", None),
        (f"{ID}.jpg", None),
        ("reward/ab/readme.txt", None),
        ("", None),
    ],
)
def test_which_photo_a_file_belongs_to(path: str, expected: UUID | None) -> None:
    assert photo_of_file(path) == expected


NOW = datetime(2026, 12, 1, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(hours=2), NOW - timedelta(minutes=2)
BEFORE = NOW - timedelta(hours=1)


def file_of(received_at: datetime, modified_at: datetime, folder: str = "loan") -> StoredFile:
    return StoredFile(f"{folder}/ab/{id_floor(received_at)}.jpg", modified_at)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (file_of(OLD, OLD), True),
        (file_of(OLD, OLD, "reward"), True),
        (file_of(YOUNG, YOUNG), False),
        # The storage's clock is wrong, or that of the server that took it in.
        (file_of(YOUNG, OLD), False),
        (file_of(OLD, YOUNG), False),
        (file_of(BEFORE, OLD), False),
        (file_of(OLD, BEFORE), False),
        (file_of(OLD, OLD, "backup"), False),
        (StoredFile("loan/ab/readme.txt", OLD), False),
        (StoredFile("loan/ab/ffffffff-ffff-ffff-ffff-ffffffffffff.jpg", OLD), False),
    ],
)
def test_which_files_are_old_enough_to_be_asked_for(file: StoredFile, expected: bool) -> None:
    photo_id = photo_of_file(file.path)
    assert photos_of_old_files([file], BEFORE) == ({photo_id: [file.path]} if expected else {})


def test_the_files_of_one_photo_are_judged_one_by_one() -> None:
    full = file_of(OLD, OLD)
    small = StoredFile(full.path.replace(".jpg", ".thumbnail.jpg"), OLD)
    young = StoredFile(full.path.replace(".jpg", ".webp"), YOUNG)
    found = photos_of_old_files([full, young, small], BEFORE)
    assert list(found.values()) == [[full.path, small.path]]


UNUSED = UnusedPhotos(
    of_owner=2,
    of_program=5,
    oldest_of_owner_at=NOW - timedelta(hours=10),
    oldest_of_program_at=NOW - timedelta(hours=20),
)


@pytest.mark.parametrize(
    ("of_owner_max", "of_program_max", "wait_seconds"),
    [
        (3, 6, None),
        (2, 6, 14 * 3600),
        (1, 6, 14 * 3600),
        (3, 5, 4 * 3600),
        (3, 4, 4 * 3600),
        (2, 5, 14 * 3600),
    ],
)
def test_the_quota(of_owner_max: int, of_program_max: int, wait_seconds: int | None) -> None:
    quota = PhotoQuota(of_owner_max=of_owner_max, of_program_max=of_program_max)
    if wait_seconds is None:
        refuse_over_quota(UNUSED, quota, NOW)
        return
    with pytest.raises(Refused) as refused:
        refuse_over_quota(UNUSED, quota, NOW)
    assert (refused.value.code, refused.value.details) == (
        "photo_quota",
        {"retry_after_seconds": wait_seconds},
    )


def test_what_object_storage_tells_browsers() -> None:
    assert file_attributes(f"loan/ab/{ID}.thumbnail.webp") == {
        "Content-Type": "image/webp",
        "Content-Disposition": "inline",
        "Cache-Control": "private, max-age=3600, immutable",
    }
    assert file_attributes(f"reward/ab/{ID}.jpg") == {
        "Content-Type": "image/jpeg",
        "Content-Disposition": "inline",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
