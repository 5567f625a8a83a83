"""Files of pictures put together by hand, for what no library would write."""

import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from tests.support.pictures import encoded

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SEGMENT_BYTES_MAX = 65_000


def png_file(image: Image.Image | None, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks, or of the picture with these chunks behind its header."""
    written = b"".join(_chunk(kind, body) for kind, body in chunks)
    if image is None:
        return PNG_SIGNATURE + written + _chunk(b"IEND", b"")
    plain = encoded(image, "PNG")
    header_end = len(PNG_SIGNATURE) + 25
    return plain[:header_end] + written + plain[header_end:]


def exif_of(entries: Sequence[tuple[int, int, int, int]]) -> bytes:
    """EXIF with one directory of entries: tag, type, count, and value or place of the value."""
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4)


def jpeg_segments(marker: int, label: bytes, content: bytes, *, numbered: bool = False) -> bytes:
    """The content as so many segments as it takes, each with the label in front."""
    size = SEGMENT_BYTES_MAX - len(label)
    parts = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
    segments = b""
    for number, part in enumerate(parts, start=1):
        body = label + (bytes([number, len(parts)]) if numbered else b"") + part
        segments += bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
    return segments


def jpeg_with(jpeg: bytes, segments: bytes) -> bytes:
    """The picture with more segments at its beginning."""
    return jpeg[:2] + segments + jpeg[2:]


def scans_again_and_again(progressive: bytes, times: int) -> bytes:
    """A progressive JPEG whose last scan comes so many times more."""
    last = progressive.rindex(b"\xff\xda")
    tables = progressive.rfind(b"\xff\xc4", 0, last)
    scan = progressive[max(tables, 0) : -2]
    return progressive[:-2] + scan * times + progressive[-2:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
