"""Reads forms that carry files (multipart/form-data, RFC 7578): bounded in size, time and parts."""

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from regulars.base.refusals import Refused
from regulars.http.bodies import read_body
from regulars.http.requests import HttpRequest, header

PARTS_MAX = 20
FORM_INVALID = "invalid_form"


class FormPart(msgspec.Struct, frozen=True):
    """One field of a form; `file_name` is what a file was called where it came from."""

    name: str
    file_name: str | None
    content: bytes

    def __repr__(self) -> str:
        # The text of a struct ends up in logs, where nobody's photo may be.
        return f"FormPart({self.name!r}, {len(self.content)} bytes)"


async def read_parts(request: HttpRequest, *, limit_bytes: int) -> list[FormPart]:
    """The fields of the form that the body is, in their order.

    Raises Refused("invalid_form") for a body that is no such form, and BodyRefused for one that is larger
    than `limit_bytes` or does not arrive in time.
    """
    kind, options = parse_options_header(header(request, "content-type") or "")
    raw = await read_body(request, limit_bytes=limit_bytes)
    boundary = options.get("boundary", "")
    if kind.lower() != "multipart/form-data" or not boundary.isascii():
        raise Refused(FORM_INVALID)
    try:
        return parse_parts(raw, boundary)
    except (MultipartError, LookupError, UnicodeError):
        raise Refused(FORM_INVALID) from None


def parse_parts(raw: bytes, boundary: str) -> list[FormPart]:
    """The same for the bytes of a body. Raises MultipartError."""
    parts: list[FormPart] = []
    head: MultipartSegment | None = None
    content = bytearray()
    with PushMultipartParser(boundary, content_length=len(raw), max_segment_count=PARTS_MAX) as parser:
        for event in parser.parse(raw):
            if isinstance(event, MultipartSegment):
                head, content = event, bytearray()
            elif event is not None:
                content += event
            elif head is not None:
                parts.append(FormPart(head.name, head.filename, bytes(content)))
    return parts
