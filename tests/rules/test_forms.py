"""Forms that carry files: their parts byte for byte, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multipart import MultipartError

from regulars.http.forms import PARTS_MAX, FormPart, parse_parts

BOUNDARY = "----a boundary 7"


def part(name: str, content: bytes, file_name: str | None = None) -> bytes:
    """A part as browsers write it."""
    named = f'; filename="{file_name}"' if file_name is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'
    return head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


@given(st.lists(st.binary(max_size=300), max_size=PARTS_MAX))
def test_parts_are_read_as_they_were_sent(contents: list[bytes]) -> None:
    raw = b"".join(part(f"f{number}", content, "é.jpg") for number, content in enumerate(contents)) + END
    # A part that holds the boundary itself ends there, which no browser lets happen.
    if not any(BOUNDARY.encode() in content for content in contents):
        found = parse_parts(raw, BOUNDARY)
        assert [one.content for one in found] == contents
        assert all(one.file_name == "é.jpg" for one in found)


def test_names_and_files() -> None:
    found = parse_parts(part("memberId", b"7") + part("photo", b"\r\n--x\0\xff", "../a.jpg") + END, BOUNDARY)
    assert found == [FormPart("memberId", None, b"7"), FormPart("photo", "../a.jpg", b"\r\n--x\0\xff")]
    assert "x" not in repr(found[1]).replace("photo", "")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"--",
        part("a", b"x"),
        part("a", b"x")[:-4] + END,
        part("a", b"x").replace(b"form-data", b"attachment") + END,
        part("a", b"x").replace(b"Content-Disposition", b"Content-Position") + END,
        part("a" * 10_000, b"x") + END,
        part("a", b"x") * (PARTS_MAX + 1) + END,
        part("a", b"x") + END + b"more",
        part("a", b"x").replace(b"\r\n", b"\n") + END,
    ],
)
def test_what_is_no_form_is_refused_or_empty(raw: bytes) -> None:
    try:
        found = parse_parts(raw, BOUNDARY)
    except (MultipartError, LookupError, UnicodeError):
        return
    assert [one.content for one in found] in ([], [b"x"])
