"""What kind of picture a file is, and where photos are found."""

from uuid import UUID

import pytest

from regulars.features.photos.model import PhotoName, PhotoPurpose, WrittenPhoto
from regulars.features.photos.rules import (
    file_path,
    file_paths,
    paths_without_photo,
    photo_at,
    photo_name,
    photo_of_file,
    photo_path,
    picture_format,
    read_photo_name,
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


def test_files_that_are_not_ours_are_left_alone() -> None:
    other = UUID("01920000-0000-7000-8000-0000000000cd")
    paths = [f"reward/ab/{ID}.jpg", f"reward/cd/{other}.jpg", "reward/ab/readme.txt", "somebody/elses.jpg"]
    assert paths_without_photo(paths, {ID}) == [f"reward/cd/{other}.jpg"]
