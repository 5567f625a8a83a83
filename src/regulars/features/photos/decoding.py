"""The program that decodes one photo: bytes in, a clean picture and its thumbnail out.

It runs as a process of its own (see decoder.py) and imports nothing of Regulars, because it reads what
anybody may have sent: what goes wrong in here ends here. It cannot write files, and its memory and
processor time are limited by the operating system where that knows how.

The answer is one line of JSON, then the two files: `{"extension", "width", "height", "lengths"}`, or
only `{"refusal": code}`.
"""

import io
import json
import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms

JPEG_QUALITY = 85
WEBP_QUALITY = 85
NICE = 19
OUT_OF_MEMORY_SCORE = 800
ORIENTATION = 0x0112
NEARLY = 15 / 16
"""A JPEG is decoded at half of its size or less where that is nearly as large as it may be: making it smaller
from its full size takes longer than all the rest, and nobody sees the difference."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What puts a picture upright, by EXIF's number for how the camera was held."""


def main(limits: dict[str, Any]) -> None:
    """Reads a photo from standard input, answers on standard output."""
    restrain(limits)
    Image.MAX_IMAGE_PIXELS = limits["pixels_max"]
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        head, files = decode(sys.stdin.buffer.read(), limits)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        head, files = {"refusal": "photo_too_many_pixels"}, []
    except Exception:
        # The decoders of Pillow raise whatever their libraries do: each of them means a damaged file.
        head, files = {"refusal": "photo_damaged"}, []
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(files))


def restrain(limits: dict[str, Any]) -> None:
    """Gives this process no more than it may need."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(NICE)
    with suppress(OSError):
        # Linux alone knows this: when memory runs out, this process is ended and not the server's.
        Path("/proc/self/oom_score_adj").write_text(str(OUT_OF_MEMORY_SCORE))
    for kind, value in (
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            # Not every system knows every limit, and one may be set lower already.
            continue


def decode(received: bytes, limits: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The head of the answer and the two files. Only the first frame is ever looked at."""
    if limits["format"] == "WEBP":
        # Pillow loads this plugin late, and then every other one too.
        from PIL import WebPImagePlugin  # noqa: F401
    with Image.open(io.BytesIO(received), formats=[limits["format"]]) as opened:
        image = prepared(opened, limits["side_max"])
    thumbnail = image.copy()
    thumbnail.thumbnail((limits["thumbnail_side_max"],) * 2, Image.Resampling.LANCZOS, reducing_gap=1.5)
    extension = "webp" if image.mode == "RGBA" else "jpg"
    files = [encoded(image, extension), encoded(thumbnail, extension)]
    lengths = [len(file) for file in files]
    return {
        "extension": extension,
        "width": image.width,
        "height": image.height,
        "lengths": lengths,
    }, files


def prepared(opened: Image.Image, side_max: int) -> Image.Image:
    """The picture in its final size: upright, in sRGB, RGBA where one can see through it, else RGB."""
    nearly = NEARLY * side_max / max(opened.size)
    # Does nothing for what is no JPEG.
    opened.draft(None, (round(opened.width * nearly), round(opened.height * nearly)))
    image = in_plain_mode(opened)
    # Shrinking comes first, because all that follows is cheap then.
    image.thumbnail((side_max, side_max), Image.Resampling.LANCZOS, reducing_gap=2.0)
    image = upright(image)
    transparent = image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] != 255
    image = in_srgb(image, "RGBA" if transparent else "RGB")
    # A fresh picture knows nothing of the old one: no place, no camera, no comment, no profile.
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    return clean


def upright(image: Image.Image) -> Image.Image:
    """The picture as the photographer saw it. One with broken metadata is shown as it lies."""
    turn = None
    with suppress(Exception):
        turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def in_plain_mode(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be shrunk smoothly."""
    if image.mode.startswith("I"):
        # 16 bits of grey; a plain conversion would cut them off at 255.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def in_srgb(image: Image.Image, mode: str) -> Image.Image:
    """The picture in the colours that a browser assumes when no profile tells it otherwise."""
    profile = image.info.get("icc_profile")
    if profile and mode == "RGB":
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except Exception:
            # A broken profile is passed over, whatever is wrong with it.
            converted = None
        if converted is not None:
            return converted
    return image.convert(mode)


def encoded(image: Image.Image, extension: str) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    if extension == "webp":
        image.save(file, "WEBP", quality=WEBP_QUALITY)
    else:
        # Progressive files are a hundredth smaller at best, and take twice as long to make.
        image.save(file, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
