"""Pictures of every kind, kind and hostile."""

import io
from typing import Any

from PIL import Image, ImageCms, PngImagePlugin

RED, GREEN, BLUE, YELLOW = (250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0)
GPS_CANARY = "52 deg 12' 19.0\""
COMMENT_CANARY = "canary-comment"


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file of this kind."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(file: bytes) -> Image.Image:
    """The file as a picture."""
    image = Image.open(io.BytesIO(file))
    image.load()
    return image


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red and green above, blue and yellow below: every way to turn it looks different."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(YELLOW, (width // 2, height // 2, width, height))
    return image


def corners(image: Image.Image) -> list[tuple[int, int, int]]:
    """The colours of the four quarters, row by row, rounded to what JPEG keeps of them."""
    plain = image.convert("RGB")
    points = [(x, y) for y in (1, 3) for x in (1, 3)]
    colours = [plain.getpixel((plain.width * x // 4, plain.height * y // 4)) for x, y in points]
    return [tuple(250 if value > 125 else 0 for value in colour) for colour in colours]  # type: ignore[union-attr, misc]


def photo_with_everything(orientation: int = 1) -> bytes:
    """A JPEG that carries a place, a camera, a comment, XMP and an embedded preview."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "canary-maker"
    exif[0x9286] = "canary-note"
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: (52.0, 12.0, 19.0), 3: "E", 4: (0.0, 7.0, 5.0), 29: "2026:03:01"})
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{GPS_CANARY}</x:xmpmeta>".encode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(
        quarters(), "JPEG", exif=exif, comment=COMMENT_CANARY, xmp=xmp, icc_profile=profile, quality=95
    )


def png_with_text() -> bytes:
    """A PNG with text chunks and EXIF."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", COMMENT_CANARY)
    text.add_itxt("XML:com.adobe.xmp", GPS_CANARY)
    exif = Image.Exif()
    exif[0x010F] = "canary-maker"
    return encoded(quarters(), "PNG", pnginfo=text, exif=exif)


def blue_for_red_profile() -> bytes:
    """A colour profile under which a file's red is the eye's blue, made of sRGB with two tags swapped."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that says it is this wide and high, and is."""
    return encoded(Image.new("1", (side, side)), "PNG")
