"""Decodes photos: one process per photo, a few at a time.

A process and not a thread, because a decoder that hangs or eats memory can then be ended, because its memory
goes back to the system, and because what one photo does to it no other photo meets.
"""

import asyncio
import json
import logging
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from regulars.base.refusals import Refused
from regulars.features.photos.decoder_forked import ForkedDecoders, can_fork
from regulars.features.photos.decoder_slots import DecoderSlots
from regulars.features.photos.decoder_started import StartedDecoders
from regulars.features.photos.model import DecodedPhoto, PhotoLimits, PhotosUnavailable
from regulars.features.photos.rules import picture_format

PROGRAM = Path(__file__).with_name("decoding.py")

_logger = logging.getLogger(__name__)


class PhotoDecoder:
    """Decodes photos that anybody may have sent.

    `shared_in` is a directory: all decoders that name the same one decode `limits.decoders` photos at once
    between them.
    """

    def __init__(
        self,
        limits: PhotoLimits,
        *,
        program: Path = PROGRAM,
        forks: bool | None = None,
        shared_in: Path | None = None,
    ) -> None:
        self._limits = limits
        forking = can_fork() if forks is None else forks
        self._decoders = (ForkedDecoders if forking else StartedDecoders)(program, limits)
        self._slots = DecoderSlots(limits.decoders, shared_in)
        self._taken = 0
        self._closed = False

    async def decode(self, received: bytes) -> DecodedPhoto:
        """The photo made anew.

        Refusals, in this order: `photo_too_large`, `photo_type_unsupported`, `photo_too_many_pixels`,
        `photo_damaged` (also for what takes too much memory or processor time). Raises PhotosUnavailable
        when too many are waiting, or when the machine is too busy to finish in time.
        """
        if len(received) > self._limits.received_bytes_max:
            raise Refused("photo_too_large", bytes_max=self._limits.received_bytes_max)
        picture = picture_format(received)
        if picture is None:
            raise Refused("photo_type_unsupported")
        if self._closed or self._taken >= self._limits.decoders + self._limits.waiting_max:
            raise PhotosUnavailable("too many photos are waiting to be decoded")
        self._taken += 1
        work = asyncio.wrap_future(self._slots.submit(partial(self._run, received, picture)))
        # Counted when the work ends, not when the caller leaves: until then its bytes stay in memory.
        work.add_done_callback(self._finished)
        return _read_answer(await asyncio.shield(work))

    def close(self) -> None:
        """Ends the processes that are still decoding, and takes no more photos."""
        self._closed = True
        self._slots.close()
        self._decoders.close()

    def _finished(self, work: "asyncio.Future[bytes]") -> None:
        self._taken -= 1
        if not work.cancelled():
            # Whoever waited has heard of a failure; nobody needs to hear of it twice.
            work.exception()

    def _run(self, received: bytes, picture: str) -> bytes:
        """The answer of the program. Runs in a thread, which only waits."""
        answer = self._decoders.run(json.dumps(arguments_of(self._limits, picture)), received)
        if self._closed:
            raise PhotosUnavailable("the server is stopping")
        if not answer:
            _logger.warning("a photo ended its decoder")
        return answer


def arguments_of(limits: PhotoLimits, picture: str) -> dict[str, Any]:
    """What the decoding program is told about a photo of this format."""
    return {
        "format": picture,
        "pixels_max": limits.pixels_max,
        "side_max": limits.side_max,
        "thumbnail_side_max": limits.thumbnail_side_max,
        "cpu_seconds": limits.decoder_cpu_seconds,
        "memory_bytes": limits.decoder_memory_bytes,
    }


class _Head(msgspec.Struct):
    """The first line of the program's answer: a refusal, or what the files after it are."""

    refusal: Literal["photo_too_many_pixels", "photo_damaged"] | None = None
    extension: Literal["jpg", "webp"] = "jpg"
    width: Annotated[int, msgspec.Meta(gt=0)] = 1
    height: Annotated[int, msgspec.Meta(gt=0)] = 1
    lengths: tuple[int, int] = (0, 0)


def _read_answer(answer: bytes) -> DecodedPhoto:
    # The program has read what a stranger sent, so its answer is believed no more than the photo was.
    line, _, files = answer.partition(b"\n")
    try:
        head = msgspec.json.decode(line, type=_Head)
    except msgspec.DecodeError as error:
        raise Refused("photo_damaged") from error
    if head.refusal is not None:
        raise Refused(head.refusal)
    full, thumbnail = head.lengths
    if min(full, thumbnail) <= 0 or len(files) != full + thumbnail:
        raise Refused("photo_damaged")
    return DecodedPhoto(head.extension, head.width, head.height, files[:full], files[full:])
