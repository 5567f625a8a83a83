"""Addresses that a browser finds photos at: this server's own, and object storage's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
import pytest_asyncio
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.features.photos import actions
from regulars.features.photos.actions import PhotoLibrary
from regulars.features.photos.addresses import LOAN_PHOTOS
from regulars.features.photos.model import PhotoPurpose, WrittenPhoto
from regulars.features.photos.rules import photo_name
from regulars.features.photos.signing import LIFETIME, STEP
from regulars.features.photos.storage import PhotoStorage
from tests.support.photo_stores import new_bucket, silent_server, use_endpoint
from tests.support.pictures import corners, decoded, encoded, quarters

SECRET_KEY = "the secret key of the server"
NOW = datetime.now(UTC)


@pytest_asyncio.fixture
async def local(tmp_path: Path) -> AsyncIterator[PhotoLibrary]:
    library = PhotoLibrary(tmp_path / "photos", secret_key=SECRET_KEY)
    yield library
    library.close()


@pytest_asyncio.fixture
async def remote(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PhotoLibrary]:
    use_endpoint(monkeypatch, moto_url)
    library = PhotoLibrary(new_bucket(moto_url).location, secret_key=SECRET_KEY)
    yield library
    library.close()


async def written(library: PhotoLibrary, kind: str = "JPEG") -> WrittenPhoto:
    picture = quarters(800, 640)
    if kind == "PNG":
        picture.putalpha(100)
    return await actions.write_photo(library, encoded(picture, kind), PhotoPurpose.LOAN)


def some_photo(purpose: PhotoPurpose = PhotoPurpose.LOAN) -> WrittenPhoto:
    return WrittenPhoto(
        photo_id=new_id(),
        purpose=purpose,
        extension="jpg",
        width=1,
        height=1,
        size_bytes=1,
        thumbnail_size_bytes=1,
    )


async def opened_at(library: PhotoLibrary, address: str, now: datetime = NOW) -> bytes | None:
    parts = urlsplit(address)
    folder, _, name = parts.path.rpartition("/")
    assert folder == LOAN_PHOTOS
    opened = await actions.opened_at_address(library, name, parts.query, now=now)
    if opened is None:
        return None
    assert opened.cache_control == "private, max-age=3600, immutable"
    return b"".join([chunk async for chunk in opened.chunks])


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_the_server_shows_what_it_made_an_address_for(local: PhotoLibrary, kind: str) -> None:
    photo = await written(local, kind)
    full = actions.address_of(local, photo, thumbnail=False, now=NOW, public_url="https://lend.example")
    small = actions.address_of(local, photo, thumbnail=True, now=NOW)
    assert full.startswith(f"https://lend.example{LOAN_PHOTOS}/{photo_name(photo)}?expires=")
    assert small.startswith(f"{LOAN_PHOTOS}/{photo_name(photo, thumbnail=True)}?expires=")
    assert decoded(await opened_at(local, full) or b"").size == (800, 640)
    assert decoded(await opened_at(local, small, NOW + LIFETIME) or b"").size == (600, 480)


async def test_an_address_of_the_server_expires(local: PhotoLibrary) -> None:
    address = actions.address_of(local, await written(local), thumbnail=False, now=NOW)
    with pytest.raises(Refused, match="photo_address_invalid"):
        await opened_at(local, address, NOW + LIFETIME + STEP)


async def test_a_photo_that_is_gone(local: PhotoLibrary) -> None:
    photo = await written(local)
    address = actions.address_of(local, photo, thumbnail=False, now=NOW)
    await actions.delete_files(local, [photo])
    assert await opened_at(local, address) is None


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "a\0.jpg", "\udcff.jpg", "x.jpg"])
async def test_nobody_looks_for_what_was_not_signed(local: PhotoLibrary, name: str) -> None:
    query = local.address_key.query(PhotoPurpose.LOAN, "x.jpg", NOW)
    with pytest.raises(Refused, match="photo_address_invalid"):
        await actions.opened_at_address(local, name, query, now=NOW)
    with pytest.raises(Refused, match="photo_address_invalid"):
        await actions.opened_at_address(local, photo_name(some_photo()), query, now=NOW)


async def test_an_address_for_one_purpose_opens_no_photo_of_another(local: PhotoLibrary) -> None:
    address = actions.address_of(local, some_photo(PhotoPurpose.REWARD), thumbnail=False, now=NOW)
    with pytest.raises(Refused, match="photo_address_invalid"):
        await opened_at(local, address)


async def test_a_library_without_the_secret_key_makes_no_addresses(tmp_path: Path) -> None:
    library = PhotoLibrary(tmp_path)
    with pytest.raises(AssertionError, match="secret key"):
        actions.address_of(library, some_photo(), thumbnail=False, now=NOW)
    library.close()


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/webp")])
async def test_a_browser_finds_photos_in_object_storage(
    remote: PhotoLibrary, kind: str, media_type: str
) -> None:
    photo = await written(remote, kind)
    for thumbnail, size in ((False, (800, 640)), (True, (600, 480))):
        address = actions.address_of(remote, photo, thumbnail=thumbnail, now=NOW)
        async with httpx2.AsyncClient() as browser:
            answer = await browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-disposition"] == "inline"
        assert answer.headers["cache-control"] == "private, max-age=3600, immutable"
        picture = decoded(answer.content)
        assert picture.size == size
        if kind == "JPEG":
            assert corners(picture) == corners(quarters(800, 640))


async def test_object_storage_shows_nothing_that_was_deleted(remote: PhotoLibrary) -> None:
    photo = await written(remote)
    address = actions.address_of(remote, photo, thumbnail=False, now=NOW)
    await actions.delete_files(remote, [photo])
    async with httpx2.AsyncClient() as browser:
        assert (await browser.get(address)).status_code == 404


def signature_by_botocore(address: str) -> str:
    """What the makers of S3 sign this address with, at the moment that it names."""
    parts = urlsplit(address)
    said = dict(parse_qsl(parts.query))
    auth = S3SigV4QueryAuth(
        Credentials("test", "test-secret"), "s3", "us-east-1", expires=int(said["X-Amz-Expires"])
    )
    request = AWSRequest("GET", f"{parts.scheme}://{parts.netloc}{parts.path}")
    request.context["timestamp"] = said["X-Amz-Date"]
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    return str(auth.signature(auth.string_to_sign(request, canonical), request))


async def test_addresses_in_object_storage_are_signed_and_expire(remote: PhotoLibrary) -> None:
    """moto looks at neither; S3 does. So the signature is held against the one that botocore makes."""
    before = datetime.now(UTC).replace(microsecond=0)
    address = actions.address_of(remote, some_photo(), thumbnail=True, now=NOW)
    said = parse_qs(urlsplit(address).query, strict_parsing=True)
    assert said["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert said["X-Amz-Expires"] == [str(int((LIFETIME + STEP).total_seconds()))]
    assert said["X-Amz-SignedHeaders"] == ["host"]
    signed_at = datetime.strptime(said["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert before <= signed_at <= datetime.now(UTC)
    assert said["X-Amz-Signature"] == [signature_by_botocore(address)]
    assert "test-secret" not in address
    later = address.replace("X-Amz-Expires=3900", "X-Amz-Expires=604800")
    other = address.replace(".thumbnail.jpg", ".jpg")
    for changed in (later, other):
        assert changed != address and signature_by_botocore(changed) != said["X-Amz-Signature"][0]


async def test_addresses_in_object_storage_stay_the_same_for_minutes(remote: PhotoLibrary) -> None:
    photo = some_photo()
    start = datetime.fromtimestamp(NOW.timestamp() // 300 * 300, UTC)
    first = actions.address_of(remote, photo, thumbnail=False, now=start)
    assert actions.address_of(remote, photo, thumbnail=False, now=start + timedelta(seconds=299)) is first
    assert actions.address_of(remote, photo, thumbnail=True, now=start) != first
    assert actions.address_of(remote, photo, thumbnail=False, now=start + STEP) is not first


async def test_signing_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_server() as url:
        use_endpoint(monkeypatch, url)
        library = PhotoLibrary("s3://photos")
        address = actions.address_of(library, some_photo(), thumbnail=False, now=NOW)
        assert address.startswith(f"{url}/photos/loan/")
        library.close()


async def test_a_storage_that_is_no_longer_remembered_signs_anew(
    remote: PhotoLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulars.features.photos.storage.ADDRESSES_MAX", 2)
    photos = [some_photo() for _ in range(3)]
    first = [actions.address_of(remote, photo, thumbnail=False, now=NOW) for photo in photos]
    again = [actions.address_of(remote, photo, thumbnail=False, now=NOW) for photo in reversed(photos)]
    assert again[0] is first[2] and again[1] is first[1] and again[2] is not first[0]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("s3://photos/regulars", True),
        ("https://photos.s3.eu-west-2.amazonaws.com/regulars", True),
        ("http://127.0.0.1:9/photos", False),
        ("memory:///", False),
        ("photos", False),
    ],
)
def test_who_signs(location: str, expected: bool, tmp_path: Path) -> None:
    """Where the storage cannot sign, photos are shown by this server, wherever they lie."""
    assert PhotoStorage(location if "://" in location else tmp_path / location).signs_addresses is expected
    assert list(tmp_path.iterdir()) == []
