"""The part of `regulars bench rejoes` that is about uploads measures what it says."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from regulars.bench.rejoes_pictures import photo_of_12_megapixels
from regulars.bench.rejoes_uploads import (
    Others,
    Uploads,
    loan_photos,
    measure_uploads,
    measure_uploads_over_http,
    paced,
)
from tests.support.pictures import decoded, encoded, quarters

PICTURE = encoded(quarters(400, 300), "JPEG")


class StandIn(BaseHTTPRequestHandler):
    """Takes every upload but those that say "no", and answers whatever else is asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self._answer(400 if body == b"no" else 201)

    def do_GET(self) -> None:
        self._answer(200)

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_photo_is_one_of_a_telephone() -> None:
    photo = photo_of_12_megapixels()
    assert 3_000_000 < len(photo) < 5_000_000
    assert decoded(photo).size == (4000, 3000)


async def test_the_decoder_is_held_against_pillow_alone() -> None:
    rows, notes = await measure_uploads(PICTURE, cores=1, seconds=0.5, rounds=1)
    assert [(row.what, row.clients) for row in rows] == [
        ("Pillow alone, 1 cores", 1),
        ("decoder, 1 at once", 1),
    ]
    alone, through = rows
    assert alone.measured.rate > 0 and through.measured.rate > 0
    assert alone.yardstick_rate is None and through.yardstick_rate == alone.measured.rate
    assert 0 < through.measured.median_milliseconds <= through.measured.p99_milliseconds
    assert notes[-1].endswith("MB at most") and " 0 MB" not in notes[-1]


async def test_uploads_over_http_and_everybody_else(url: str) -> None:
    uploads, others = Uploads(f"{url}/up", {}, [b"yes", b"no"]), Others(f"{url}/other", paced(""))
    rows, notes = await measure_uploads_over_http(uploads, others, clients=2, seconds=1, yardstick_rate=10)
    alone, together, quiet, beside = (row.measured for row in rows)
    assert [row.yardstick_rate for row in rows] == [10, 10, None, quiet.rate]
    for uploaded in (alone, together):
        assert uploaded.rate > 0 and abs(uploaded.failures - uploaded.rate) < uploaded.rate
    assert quiet.failures == beside.failures == 0
    # Four clients that pause for 20 ms between two requests.
    assert 20 < quiet.rate < 200 and 20 < beside.rate < 200
    assert "times as long during uploads" in notes[0]
    assert notes[1].endswith("MB at most") and " 0 MB" not in notes[1]


def test_an_upload_is_the_form_that_the_contract_takes() -> None:
    uploads = loan_photos("http://server", "key", ["member-1", "member-2"], PICTURE)
    assert uploads.url == "http://server/uploads/loan-photo" and uploads.headers["X-API-Key"] == "key"
    for member_id, body in zip(["member-1", "member-2"], uploads.bodies, strict=True):
        head = f"Content-Type: {uploads.headers['Content-Type']}\r\n\r\n".encode()
        form = message_from_bytes(head + body, policy=default)
        member, photo = form.iter_parts()
        assert member["content-disposition"].params == {"name": "memberId"}
        assert member.get_payload(decode=True) == member_id.encode()
        assert photo["content-disposition"].params == {"name": "photo", "filename": "photo.jpg"}
        assert photo.get_content_type() == "image/jpeg"
        assert photo.get_payload(decode=True) == PICTURE
